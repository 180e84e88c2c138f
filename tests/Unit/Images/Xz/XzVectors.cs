// Made by xz 5.4.1; the commands are beside each vector.
using System.Globalization;
using System.Text;

namespace Doppel.Tests.Unit.Images.Xz;

/// <summary>Files that xz wrote, of texts that the tests can make again.</summary>
internal static class XzVectors
{
    // xz -9 of Text(300)
    internal const string Crc64 =
        "/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4B5OAotdABgIHAToaDM5296CjthHVUbs9rTAUd5HX7fAOgGFJSa3o5hfjeOFfn4g7eJhX3g8DoWxkizxBP53NTUQYL3X0A4jfDm4iV5uYWFP6gZxNWN5dt"
        + "VJQH+PRaFrHkxd2f6CWgLyCQZvUiQ27m4VuCYoWTusU973cMxHuaIQNTf0V5FjyNvEQu2+SJ4TfIDXfdHHCUJkkyuPDpS5K/0ckvV0xCODgsrznEMoUCz0aNFeA8/SSNDtr9HX0qRcc/wOyLSlQ0c2"
        + "5PNXoQMHM97TomFkYwFCLnCB0T/CVjw+yVSSOpfXXxpAV8oFK7YKfZJSRAyGt3itbtq6JDduHiwMfBms4snE0ZP0owBlEUEYZx0oE56B0AG1rDSZyfiGC+IsxLtowo76SJP0b6Cra+fYUdhHblgiXu"
        + "YQ9SGCD+E77IBhnoy1s3dO7I1f2p+uvfSwiq9QOngVd9blIyY4/SoK5SINI7vi/d4aAOtu1YyZsWUwEh3WgJLl6bmBJAbIiS941XTserahIdHKTo7W/jMNhRJuo+Givlj8ICLsl6ml8s1Jb/wrHshX"
        + "21Or2a6UK1Zi8C4uY12E+azIlSh3ohHMlXgGbY3t5/vPLoY0+4Y4aV40KevslSMRfiAb0ZJnWY/Vbdd/lgy7iSz1kZfsIW5d9vzX2HWLuneXLYWIg4jk4SnhsLFaqR5xxF8O1Bz6H7x2b5CwP/RVwi"
        + "Rx3ItHJwoUAaN0jUahQR83JhBtuMglvDUpHM7qJWzeKkVg+Nq3UXkGCIMjxGZg+EKyW8zNxOzGOjr9l0XpK5+w0AQG/oSJ0MYm7A7dP0Vf0+Yq811H/7JbhHFkt+D9PW8sMCjxoCbDeTHmsRW0ekde"
        + "g6Z7/inh5AAAk3H2w+2+weUAAacFzzwAAF+Y8wyxxGf7AgAAAAAEWVo=";

    // xz -0 -C crc32 of Text(300)
    internal const string Crc32 =
        "/Td6WFoAAAFpIt42AgAhAQwAAACPmEGc4B5OAm5dABgIHAToaDM5296CjthHVUbs9rTAUd5HX7fAOgGFJSa3F11CgBmuskHwiyNByOmFuWDFc/V3mOkcdmLDMNb3/v2WKWGJEb+qarnjTXSw5iOwpZ"
        + "5N9bF+qX8G2vvZuQUsfgM39wpbbRZfNBeCkH05df7ZwEs+u36N1cdVvp4PrgbWZjItRHj477OwZyJqFnR3NbyrkQ1kr8HTD7kWGsE13Qn5IYoTvCEuQMrnWoVKZOCzHWI7VbAnqurujtVymc0aPnCj"
        + "fYG6yPwfhBr34HcbYl+1/gotuvgfRCKPcZauo1MxxW38K4UrSY+Iolh+uyHh93XzmMzvQQZciyN3Cw/jfTdQGqUEF6pXNI/nDEcNJ6kGXBxPYe2A1TYPkIGHyaUyDUHyBu58faj0HcntvBvHQnX2d6"
        + "d5sGacGEhvc57+c6boqq+ekI/3r5ZL9E6B05b0HY+KO4rMr3IryYT7wiHgkJbfHsYdXCzRbabYwqqIXxtdcy6fVnZKQvbNmVgXwpKcgZIzOOVEhFuwkkUfpBPex5S2SRkOTGQpdcgdDnAC58w9p7qJ"
        + "dRysYaPpsbw+ZnRtAtJB2x6gAyRugLgVrYpqZl4KLPv4lLVvS1s6N4mJuWoAfphQuCKqDkZdYCSdAMkHtndRP2fGexeWxxzbE7E7yzj5XwJ4ow+gzi5AkQ7hMNPiJXLrOKTAvFe5uaz2w9FrgUCfw9"
        + "G0vPb6bCHNveHfRR9QTlVwSzar/l5gTh9IlSuzluSAyX0Ic66dLTmAD3YFOf0D+GobeZjVIlI94ldlvJXw8o6UNZnyVt0YFiNtkm5lykp5ZNCE50NwdYYY+1gAAAD/fxGyAAGGBc88AADMTgPAPjAN"
        + "iwIAAAAAAVla";

    // xz -C sha256 of Text(300)
    internal const string Sha256 =
        "/Td6WFoAAArh+wyhAgAhARYAAAB0L+Wj4B5OAotdABgIHAToaDM5296CjthHVUbs9rTAUd5HX7fAOgGFJSa3o5hfjeOFfn4g7eJhX3g8DoWxkizxBP53NTUQYL3X0A4jfDm4iV5uYWFP6gZxNWN5dt"
        + "VJQH+PRaFrHkxd2f6CWgLyCQZvUiQ27m4VuCYoWTusU973cMxHuaIQNTf0V5FjyNvEQu2+SJ4TfIDXfdHHCUJkkyuPDpS5K/0ckvV0xCODgsrznEMoUCz0aNFeA8/SSNDtr9HX0qRcc/wOyLSlQ0c2"
        + "5PNXoQMHM97TomFkYwFCLnCB0T/CVjw+yVSSOpfXXxpAV8oFK7YKfZJSRAyGt3itbtq6JDduHiwMfBms4snE0ZP0owBlEUEYZx0oE56B0AG1rDSZyfiGC+IsxLtowo76SJP0b6Cra+fYUdhHblgiXu"
        + "YQ9SGCD+E77IBhnoy1s3dO7I1f2p+uvfSwiq9QOngVd9blIyY4/SoK5SINI7vi/d4aAOtu1YyZsWUwEh3WgJLl6bmBJAbIiS941XTserahIdHKTo7W/jMNhRJuo+Givlj8ICLsl6ml8s1Jb/wrHshX"
        + "21Or2a6UK1Zi8C4uY12E+azIlSh3ohHMlXgGbY3t5/vPLoY0+4Y4aV40KevslSMRfiAb0ZJnWY/Vbdd/lgy7iSz1kZfsIW5d9vzX2HWLuneXLYWIg4jk4SnhsLFaqR5xxF8O1Bz6H7x2b5CwP/RVwi"
        + "Rx3ItHJwoUAaN0jUahQR83JhBtuMglvDUpHM7qJWzeKkVg+Nq3UXkGCIMjxGZg+EKyW8zNxOzGOjr9l0XpK5+w0AQG/oSJ0MYm7A7dP0Vf0+Yq811H/7JbhHFkt+D9PW8sMCjxoCbDeTHmsRW0ekde"
        + "g6Z7/inh5AAA6MpYlBShS0jnyxQlp5izE3FYwqTdjBhI9xYjCPrBGRUAAb8FzzwAAKkYduO26d8cAgAAAAAKWVo=";

    // xz -C none of Text(300)
    internal const string None =
        "/Td6WFoAAAD/EtlBAgAhARYAAAB0L+Wj4B5OAotdABgIHAToaDM5296CjthHVUbs9rTAUd5HX7fAOgGFJSa3o5hfjeOFfn4g7eJhX3g8DoWxkizxBP53NTUQYL3X0A4jfDm4iV5uYWFP6gZxNWN5dt"
        + "VJQH+PRaFrHkxd2f6CWgLyCQZvUiQ27m4VuCYoWTusU973cMxHuaIQNTf0V5FjyNvEQu2+SJ4TfIDXfdHHCUJkkyuPDpS5K/0ckvV0xCODgsrznEMoUCz0aNFeA8/SSNDtr9HX0qRcc/wOyLSlQ0c2"
        + "5PNXoQMHM97TomFkYwFCLnCB0T/CVjw+yVSSOpfXXxpAV8oFK7YKfZJSRAyGt3itbtq6JDduHiwMfBms4snE0ZP0owBlEUEYZx0oE56B0AG1rDSZyfiGC+IsxLtowo76SJP0b6Cra+fYUdhHblgiXu"
        + "YQ9SGCD+E77IBhnoy1s3dO7I1f2p+uvfSwiq9QOngVd9blIyY4/SoK5SINI7vi/d4aAOtu1YyZsWUwEh3WgJLl6bmBJAbIiS941XTserahIdHKTo7W/jMNhRJuo+Givlj8ICLsl6ml8s1Jb/wrHshX"
        + "21Or2a6UK1Zi8C4uY12E+azIlSh3ohHMlXgGbY3t5/vPLoY0+4Y4aV40KevslSMRfiAb0ZJnWY/Vbdd/lgy7iSz1kZfsIW5d9vzX2HWLuneXLYWIg4jk4SnhsLFaqR5xxF8O1Bz6H7x2b5CwP/RVwi"
        + "Rx3ItHJwoUAaN0jUahQR83JhBtuMglvDUpHM7qJWzeKkVg+Nq3UXkGCIMjxGZg+EKyW8zNxOzGOjr9l0XpK5+w0AQG/oSJ0MYm7A7dP0Vf0+Yq811H/7JbhHFkt+D9PW8sMCjxoCbDeTHmsRW0ekde"
        + "g6Z7/inh5AAAAAGfBc88AACfHdrkqAAK/AIAAAAAAFla";

    // xz --block-size=3000 -T2 of Text(300): blocks with their sizes in the headers
    internal const string Blocks =
        "/Td6WFoAAATm1rRGA8DxArgXIQEWAAAA/G8SX+ALtwFpXQAYCBwE6GgzOdvego7YR1VG7Pa0wFHeR1+3wDoBhSUmt6OYX43jhX5+IO3iYV94PA6FsZIs8QT+dzU1EGC919AOI3w5uIlebmFhT+oGcT"
        + "VjeXbVSUB/j0Whax5MXdn+gloC8gkGb1IkNu5uFbgmKFk7rFPe93DMR7miEDU39FeRY8jbxELtvkieE3yA133RxwlCZJMrjw6UuSv9HJL1dMQjg4LK85xDKFAs9GjRXgPP0kjQ7a/R19KkXHP8Dsi0"
        + "pUNHNuTzV6EDBzPe06JhZGMBQi5wgdE/wlY8PslUkjqX118aQFfKBSu2Cn2SUkQMhrd4rW7auiQ3bh4sDHwZrOLJxNGT9KMAZRFBGGcdKBOegdABtaw0mcn4hgviLMS7aMKO+kiT9G+gq2vn2FHYR2"
        + "5YIl7mEPUhgg/hO+yAYZ6MtbN3TuyNX9qfrr30sIqvUDp4FXfW5SMmOP0qCuUiDSO74v3eGdzxBrQAAAAAAC50o7fXlIeEA8CxArgXIQEWAAAAXGioweALtwEpXQAQGIpHEcP81X0pQy3xOZTEy2Ys"
        + "p32tMP3P1H3XScmvk/Z/vRH8YSoIaXpE94V3cfs3wQOclLyurC6nc+BNWo9i7A99p/pgzoOnDUhM75Cpz/iIUEY/mDBtgi9xbKNh3Cgf3vnJulzlpR0xla+f9dJNfo04aY9YziAGhz8Mv6V4Jg1w2s"
        + "DdTDK2kcqfoDH7T0xiroMFus90jGChdVyTeOXzYVFgiomy97wxFViHURRj49H6S0wU6s43eyChdWVZMhuMYRxdrJt1miNjG8ttbLkuwqC7ImashQKETDuozNqvr3O/5+VwfgcXDUkWuYALBB1/d78I"
        + "Ug/tvDfF/2lR0n7gFfGEVGiDOGF/C0x773mzKu51CaH1fT6PHIIappAxc3KbhOXC+TCx0AAAAAAAIbs7jiYn7qQDwO4B3w0hARYAAAB+47qp4AbeAOZdADwCgkGrYIHRadhUOFpNtqiAAsQavnuvvo"
        + "QaELvgFbEAWSlGh/A0ielGKc8YVy8B5tXXmrh44l9z0foiXje6LWOtxqecGfWQp5DVDIULaFo+7j1oWsrd07S3kQO/EqdCNTbuKIT+u/80Zp+U+H4aLJS2QWfJz+0E89A/UXTlHXK2RkW4G2FUPTyc"
        + "9Xd1xB612QufX3tAIMqQJeGnZSylMwGnR4KTyTBaqkmPuoc8p7TYcEolMQ/c3gteQIJJkMvfhdGKJl5PsDrk4nYbkiuJ/PHGPTND4gQbLBSyQqQJXOsnukRhTypcAAAAsx+wUrNTbF0AA4kDuBfJAr"
        + "gXhgLfDQAAlF/2UawnPi0EAAAAAARZWg==";

    // xz -C crc32 of Noise(300): a stored chunk
    internal const string Stored =
        "/Td6WFoAAAFpIt42AgAhARYAAAB0L+WjAQEr3ARlqh+tHVra5awbHl8TcHls/RD/Ga9gHQSstB0CK0Z4czry31+utwhZ0e45EMtIlbXMiSkR/wa2Yi7fPPk1/UuUKMoJfESzAl6WX7PqbazULYFuaa"
        + "/g5odMnATn0jZdLGDJ6vR59oag65Mm5GIS1Q3Ls3cVamo6aLqO23QIRp7zzrMK+NDdaLv4X/ok8tL8GIf7XIe6tDgypZsbPRB893jWf+Jt+BGRKX6TlcsSxVfOWvHUFhjXGbwEW36ZZfGilHHEKqxq"
        + "qTjEdcetMjgCHwU7LJka/OsV3s9ouuB8vNYelxuaC52+l2PTkvyv36KMlyNFYuvdB2Vw/1iJas/3yu4/HOnkCmjl3pONOJx9vddbCdTn4jNEP0qMxKGQ1ri43GFf0Y4ovlkOqlAbAF8OL2MAAcACrA"
        + "IAANrrRKw+MA2LAgAAAAABWVo=";

    // xz of nothing
    internal const string Empty =
        "/Td6WFoAAATm1rRGAAAAABzfRCEftvN9AQAAAAAEWVo=";

    // two streams, eight bytes of padding between: 4000 bytes of Text(300), and the rest with -C crc32
    internal const string TwoStreams =
        "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4A+fAa1dABgIHAToaDM5296CjthHVUbs9rTAUd5HX7fAOgGFJSa3o5hfjeOFfn4g7eJhX3g8DoWxkizxBP53NTUQYL3X0A4jfDm4iV5uYWFP6gZxNWN5dt"
        + "VJQH+PRaFrHkxd2f6CWgLyCQZvUiQ27m4VuCYoWTusU973cMxHuaIQNTf0V5FjyNvEQu2+SJ4TfIDXfdHHCUJkkyuPDpS5K/0ckvV0xCODgsrznEMoUCz0aNFeA8/SSNDtr9HX0qRcc/wOyLSlQ0c2"
        + "5PNXoQMHM97TomFkYwFCLnCB0T/CVjw+yVSSOpfXXxpAV8oFK7YKfZJSRAyGt3itbtq6JDduHiwMfBms4snE0ZP0owBlEUEYZx0oE56B0AG1rDSZyfiGC+IsxLtowo76SJP0b6Cra+fYUdhHblgiXu"
        + "YQ9SGCD+E77IBhnoy1s3dO7I1f2p+uvfSwiq9QOngVd9blIyY4/SoK5SINI7vi/d4aAOtu1YyZsWUwEh3WgJLl6bmBJAbIiS941XTserahIdHKTo7W/jMNhRJuo+Givlj8ICLsl6ml8s1Jb/wrHshX"
        + "21Or2a5527RzAAAAAAAKJIBiNMNH5AAByQOgHwAAORwD6LHEZ/sCAAAAAARZWgAAAAAAAAAA/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4A6uAVNdADedyfsPaOlE6tx5334cJCZ2MyJqdmb885RxNQ"
        + "8Z+4b5bYY+NMPLzpak0zY+DHTdmyQJNlSfy6EDA2ZzOFAgy48lp8aCudB/BfxtI69OKW7tn3E9latrnq8FKyNxiH/z8anJvLWJkKCHIJ1L7lC009hypmRLmCDCwS/Mul50EXZe+ay3qRl+lnVdK3aF"
        + "smnig1ItwesaJyKYCutY0fs+RXP82p2Kn6zyycu80vvx1FQfhsCYGk/Zhc0YTJtB2nIdc6amw9ta90VhNbCZ068omtzFMsApEXyfSZBaAVsGxM4ZDx3cEYaiR5/thnqjEBjKbTiSND0vJXq322MOhZ"
        + "I3jlG9A1oWU9SZcVtUkx+/n8Ua5C1L2rOFyfsydM1nGVFf4+snbi8E1J98tkvZ4/kf7+f6BzbhPujK3wqL7Vf2krBgsGnH+k6WriaJM4fNoKVj8pmjaAAALfMTYgAB6wKvHQAAjFXgxD4wDYsCAAAA"
        + "AAFZWg==";

    // xz --lzma2=preset=6,lc=0,lp=3,pb=1 of Text(300)
    internal const string OddProperties =
        "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4B5OAq9IABgIHQTBJPD0DKEr1UaV8uMBAYcNmTWQklqajQhfN8E8KOY15/R/E+TNGPUwGoY3w/VuLo96CjEOGRIUL0NqYmLNnG6vk7ATaYF1GDgUtCHtqq"
        + "EEam2NWpLWLPzjC0jzhHraOWXoXGqoMEJG3ZzJuGDwlEeY54ulwewP41XZ47WX3eqIrUREQ7JH/4jdW4FNrwdZztwfoRL9/j2mrZ4v3kS4wi7c+47FBr3KSbRqrmNQz9ZtgSPSvWqz1GALeG7JsIqi"
        + "k2nZ5eVkfz67+SbxQiwRGGc7qVr3MUeQUSQgvg9LVgBlFjR8IP/2+zQRrqPtAMCTxaKy/dWUrgzXuXt9NIwkwn0h6eBX5jagSHI9O0hrDrj0ryD/YX/9SO3j4IiA+0/nGO5xpemXlUJ30bWE5BKarx"
        + "3QP2hhE9GZJ4S8zyOSQ3FHLHmfCdFBQve2tmyyZmXyFNLm6uwARPc+rFNnIOt8AlkPgBww1kwqDyeVxYYW++d/CtsKhF8J5mE0rYmsh0E+5SN8eelHCz37wyl9DQH/p3AD4A50NBDEDjHnuebHH0CQ"
        + "MP9QpYihrjI3ntceSxWX49tjHk7a9odxiVyR2B6OY+KD+zQSJ5njNJCnYQ/neoEudrKaz7CLgadMO0zQtkPJHjPMJnVw5mtKg1c7XlrQ6SPa1+IX4g2tR7NzuuHqcB9zJLKuWw2DZheL8WkzpWBReF"
        + "1vhI7iS5lKk/aaqbJt9r++5ggngQkAvRc940g0PckWSGsXsz6EclQALd8qLl/GRdVQNz+JG6RhoWufbb0E06cyV4l+qHnEUq/Tz+vWNsSSB3IcyyKcmcFR5XNBFjbeOevjEMax4QNqyTtgdNurM4x9"
        + "G34p7EXcE+QMQFaEe8V4dkh5z+Dyak/P0hXqEYAc4PvDXozSkqkzoaU4HAAAk3H2w+2+weUAAcsFzzwAAH5XxXOxxGf7AgAAAAAEWVo=";

    // xz -C crc32 --lzma2=preset=9,dict=512KiB,lc=1,lp=2,pb=3 of Text(160000): larger than any buffer
    internal const string Large =
        "/Td6WFoAAAFpIt42AgAhAQ4AAAAEUEg2//+dMn2aABgIHATobDh7bPsRdrrNTMmm/fFuex1VNHcy4Z1E8a0HWL7VOsYGzE948BR5iIlARSXI6IqICHkv9ZERuS9mTvfoNDINCQ5BnZ0ymF7l3xWJL6"
        + "SNv+mpBIBjLOjaDyJhc9oQJh4DiexHLVW8L/7RnU/koL1Xv3t7ejIztk+TkV/cSSoHh88eXKyniimZCJW0z82dpOhBGUxBv2HUAu/4hro0zdpjpHBsD3TUSwbqnppgth1tRNqFPWD67Y5SZgJuss+U"
        + "r5rbP5xaJCLC3v1JG3YYVBOteowjX5CsKA0fKrtsYbEAcXDCDpo/CfexNO81NliJInOziypdJp558wW8S5TfUkx+GKGmtRtrgtfNFkzjVrKEHn8pGKYkzeDHt645Td+v+oQdQWXHiaTQBWRJzUOJfZ"
        + "jsSar7ESHC+oKX5hzoVby6yydhh9lrIxq+qcY2DpFhpdOEwmpXCRNmscBQ+VnKGKssWYe5mmG6gW0dVoF8F6XhDpOtuSj0gnbJTPa0IrBVy2RaFv+pbaztz4MeIB3e6VcfuCpXU36GeSC5HeeuYa3T"
        + "X6k1FIfyutJQ/CMbmHoqGy+Ucqw7MhD69Mi1WOPXwY/7dRKRS2vKiXDJSTnB1HSGpmG60HG1DgWqg/oj1vw/grBGNFYjZw0DPETzXTfP0fpBsoZtMAXwzNZIaCehX0cq10hbP3Ym2Pv9KYmWMkte5o"
        + "wXkeHmSQJCIxTf19x8/vzW1Zb4+xxrYavRAKL6F17xZR2KJ2fHduii2fg4EiYXR9uo1JJFrwwRcEyqawAmRoNPtLdEP016DB1DKI2d8rbYINagtIF5tw9MxhYJ2unAN/rSfQ/23cUuV2CtJAFM4rF+"
        + "DT346zqTAfQ7nf0akqHo4g+BfKjUyUw0P2tB2fJkl/5Xb5JbSpEcU0QRXu2sBQNTu9Z33hzYawJAmPXY3+zyW7vGeoIbeTLUMhvnSoLFduCmONP6vPRoJlCkQe0h8Bc/s/UmAsl4YlkxtMWlK85TMQ"
        + "8jLqQYxIBhB0imhpKgB5jfH8sXAUtU8H/WvFlbystRHIcUhlvPUq8QsYMLujq7neE0cTbqAOpGoV8wBZuvmxjkZxfKfc0iiAXDGtXHdKKil5lorhDUKvx9jq0/5e2qfkq2hw5ccfJukIKbaGvCVqmB"
        + "W5R7r4+/8iyL4iZwiPMJ0vZXzh6qjDn8KsM2CAgUoivmcSnsekDZjZQUBr1z3zvVixsZJH1vZMViI0EK19TMsbEGqqgkfBX+crnWzgTFovumtbargA3Xz3x1mWuHKDRW6sOUXD+zk6oCDCtWeC0Wrw"
        + "efPIAmAOIafZwm2gfOeVK++0pzHMFQZh8A4bmr7653QJFO6XOMPrSxbuv5d+I0ad/u2a7TchM60bAomtxan+lWic2dZCPFuDQsNdMGikiY0jzlJZQ2ckoUMO8hXYGtotoORPeA04r6Bm8smC3ONCYr"
        + "hxlK2HU19GzAOcVnViIAdpw44kUXPIMqJRNaigFiZ3lGdCftRPF90eigylpFMbBCf6xw6HE7/gYN4PF9ly5JJZw+OC1MupRJDWTBCPcZcakZsnUNVDrz4gnkUzUQpJvfC45ESfc0617FjFl3Rdt+qZ"
        + "MEtiTgn9WXHxEwSg0O8I9Nl5kT/xVEev0ku0A4bC26TJc0hcK18DlmfRtzAYcFRoyVjWNqSk9ZBgtdMFGvD9ijGFeY4SnNO+Hsd1gdi+VoKtoAYE9EsOZL0FlYQytw++wVd1txTYJ03M2sT+Bw6Nw8"
        + "JcHZTyD9CqP55NWajRQFG5CEGeKGbZ2QkW59ZeTO2Q9ouYDFSxD3EXeqlpQ0/QulXkKHzaNuaHiZV5BTipgc0GJw0147/P9tRj/dGFVWCEVuu+prVH0DsBYojDFwlX3lN388enGaKqNm7LLOEl7cOG"
        + "QI+IZu/+wYLzpxho+cGs6+lixpbealbnXMLf8VwUcfRWPqI9xrCfNpABeWjj6AVzFCbh2sOaPx7oukfJVKvYoul+Z8/oECXz51SUnOiDUWJRhzVpGXVq9cOGiKlzmdJxYq5FTwp3GGpdCdPPKcx5YK"
        + "IUxbuhTuupWL5fEnThIPFI/zQ+3EK3+5/ztAfppRNY/ozsVH8NSnsqEd+DE+c6TViDX+npdivjOHIvqLSAhYqSahPgUE6ueoc8TyK5IvdehbI+v5cwLSqS1dLvDVMZKjsTDzBieqILWeS5/kEkP0b4"
        + "ABS8C4NiETPNTprgoNsmuHRMIhM573yepIqFURjCbBs3KRB+jQwtZs4GKpqbEz7z91dA5Amry2iqAgqltZraoiEBrDGZ5+jxx+realUKY8ajyRXGy7HLUK+ZJe9nFp52efFRa3q9VlyWwNy2jX0GX7"
        + "M37o9/chepO1v847A3FjGPCsjbuiEwGRYX7qG8pgvxBIoK9Z6Pygrx7OPKvzrOCijS4EDmsnq4NA04sFedJ4rMWPdTsDTB8H1PQWZWHTnV4vn3UOucDfKCqoKyWlHDZaWAz3mZQqsdsrS6sZeH0PBt"
        + "2KD+nIiDR62bkXtgvDBVtYW/uY0BSqrWLZVYH/pMTtCm513fu5Zy5WJPN7DK4c1cZtOR07XeDIrZxXXkP8HvoLbycSCwzbOCGbiSHvkQxUurPgpN4F8PHMa2BCLW1NySUDeylxSTiD7cRky5SBNozZ"
        + "RxnE6dc8UR0BGIjTLsnkV6p1H+Iw1VihQDdV4JaxDTNp6Oq8kYZfure+w324etoCFwiVgS0/olKqYhikysw97Lu7gTRxdNOLFI43ww2r+YiFjDKeZ6/R8xH1bMrJAepO9Ze1Fi8WwERs5pypftsOft"
        + "hx0wOjGVCfJkSbrvhs7PLMBm7Bj6SEtLtKl2uk8wAes0xJYVd1FmohKUmCYS006BFmxbMDmZfHNpbz3tdfV3h/Zfgg+OYFcsKWkVPtm5io0NmmuyDf0FvWWaeLeV5akpCUsuf0/8M+hy2YuCmPtf0u"
        + "RPyriLO0ou2lPz3qJWqGbO64vfjzvTvUgHu8m3L3H3wrIOkgez7h44384/adD6Svynmu/uGfmkAEu7Kue1/E0pWDGEjnth7sYxwMxLVrRrrgOnICABhpSC80IaRAGtIbsAf/m61NZCQn/v1WgMhrJW"
        + "0VgR0LhPePBQHg4TOyaHc6MCEO/r9+kgeVZbEVdy+N2zrzDsgeiftEqcYNz1ZuIpo7nlF/5djWbnC9R15cs+jz3Vn8OS+1W4xJlwM5LBNBgChmQ7q0e3pSVUcZH1FoeY0pFk6U7FiF54zLn5wOYr1j"
        + "KBkW6JEJviSnBmXKsuTVKruyIie+UeCPOQZsux04Ul6HDbfNgfXJT1Rz082fpRnEZvM0bTxMdlVJz0IQcFqtFg1jPkvquSTI12FpXGVyZaTgR0I1NBmz1X02ca1hZEuB0fN+X/3PZjIhqNZOHc+qLT"
        + "gODwyqUOtc4hZ3x+FojLeqe7D2p64k35teECSYUdi3YFlZWCoL2LtoBw2V10yp4CJG8gHmzI9Oz0+lbYzxLjiLFxoHB+snc4DlyqpbCCHU5amae5iosanqe/fsMOGwqF5fniH/L208KjF+rxA1QBex"
        + "sZAXr5n6pLBD54nFQe8PkIPuDyycXUOTcaPqD8o2jwIv76j6fTe1ZNB5vwe9U5f28Vq2en6cgmSheITbuVoQM8WdkHLWbuZDt4XsJCxd65qEmwA2JIW/LT9Sv9z9zy19ir4/76vTZcXn37NMxvFE2i"
        + "me5v3SkjYX7iHdLBg+qivLe8ltdodAnvB+SHn9x22Z3MS6SHpUaJWM5NGJaucDJsTHM27Zw6gUF8wbcnrxSGfUrh1fvHJnJ52ocuCpAQLhW0qLFoczuB9++IZsrbjkqwkS54T27S7WF5yQsVAKdZGW"
        + "26a3R9torCQFm9/5WS7aQw8xoDbQN88nVB7R9zgNtSqyJvs0It+RjNUt2/LZrZzrYmwLtPPs475efQ3PIr7KdKCu/lNuPAq1krIJ6rsIyg2U74p4F88I+HPzuLIZpcZ/jErxVFA09Cg+593sEfO5gz"
        + "3hRR1L+Cmb0wPAWrWQhrhvyLNEK3uTmZeK93sMJkhbIgIGzw1o7o9tQv9rPScPq4pVfJW6+9MzFD+wKEFWJgavrcXB81uFBXTRClX68TODTwUcB7t8vjee1qLypTGAY26FwA91fp1gNJfQSRtfi7vz"
        + "zz83ze33vCmZQqj+qqLC+XL4DcriRP8ydZm7FXC2Uv2+M8KWPeSqzAn3iIMp1Af09sTiOrrQ7TEeE8oqSejS0ySA/s6C0qGxuUnfO+2uS+B1VAsM1i+Z6DQffQ4BWBiH8oo+Yi6X81H4rDtsCnit6H"
        + "jdWwlLUzPeMI3EL4TEyDgR9Fkkm83RAD9wCr9drRkSApYU0x+RrA51O7kXr0WpNWOgI4l6IL5xIZknlEv+7usvKu2yUB57BmNIwDmEc7+3nfOG5/szxsUTVbOwg9epbutTOoADz/TIs1ENDZTkfX16"
        + "8UgY+S2HiDjPAjr0a2T/FpoWnKzjwZriG/WWmKsbl1YHy8UUxrCngJgB0klxyBb5bPzgOuUHk0nPN1ZBDr4VEl2xqnTYM02sLF3eYReF4HRGs3jTYVVdD+aHCch2jzVE+ftZ2ZbsNOYOCdFU/qQfuK"
        + "Q167WVpNghU+JlipkIuhVCJvRHi3TBtPMMyynYaJOrPbwWgQmsSSxkC/IkhL2d76mje+kupCrNqmN71UZM5z7/DNJMKpQL4DZ9LQUSpNhckLuAvp+ru9J9xEM5X2+43jkoF4CImFArGaz9B/8vbPYE"
        + "nYke4sBb4c8/GC6jhu3ZJReTzcT+Z+sJZv2ZUERV9XAmrKyZs2rHpXHywrDQmouyLNeUFaanEWxYoT5yq/q3PkDzTytSDebZKn4Ye6v+vwnnE/aQ0uqLiWtMMaWUMNSCh8cWiCL5y9BupotxG9WoRO"
        + "SsNAa8R/kYeCrTZrrPr0o2EQBMMiUJduZ9le52bpvfmVK2f62Lr85rcmhMvSsXKYVzYnVRr08/lezBWZ558xjV71ZZU7uXb6Tw0YMFCXYPJ3RqWeylhU+TATSuuT1hWEdjDXuW0/smyd7dCvxQjJxY"
        + "LbYfX3lHo5QRW6T5fgGWh/BK25tk6LdPTGk5ZlNTwdySbjoa73miEXeVmonohfLtLhRlZ48lkfBsENgXztM+qjSLHHhdjkEEGOtn2R0Bms4WHUSDgPoWm35qkhOUIFYe9g8ua+Ab1C1+7oDAYc3tpJ"
        + "0FvNNyNX/+tB7YKZ6cImEO8a79ifTpMPG96jPHkDwfTHn+VS5B6cLc+Wos5FeFhf4g9F1zceIQsoK8WmwFo99F4UU/1gzCiR+8yoGF6kgpehzpcGp/exKe0+0N9djOlKrAHWPUZbuWUtO0nKbIRT/o"
        + "vwlhsMQVBR7cltGuWK5EqmuSrSSkJXgqStyZGUhQyuWUKQbMclHC1g+qri1gKd3SSHuWDTCXgFKRgZXq/D2xChnHko05qheLWWgDFPP5ulnBDS+SIDofsmvgUHt8HOHXmizRRk+Q9G8oxeI6NV/CLy"
        + "cGfMBNr8MZkKUW3a6ORnP4iEjufZiNaJeCdcapaqiSJLYDhTqn5/QGwqfXuO16QsZCesKbqpfsNGaoVLpHUW9cldVENvXwlyrZFe/m8LO9jngI5ITpa84A+qDQvz8w7y/svloR4Lm8diWXbyXBXrwp"
        + "pgVcT3S4d8jS4uOLRf79lprfKmPTYeJfLOfBlx0AMf0mRDCwxbZb+ndtIvI7fYy0ckzzPVve4+8RD/vaN5SAlGtdwRZNqNmiBej5/2c214xEctl9vycwZEIZY81AqpAinNWoEqMrcgZbcEo5CSWEkt"
        + "8cjM6Rq8TyGs+3/xWZKYOBMdWKIKJPMKgAND+AUIQpATGy1nO+Ccfrtu+KqRIyAzZx1Pbbf+8JLc6VEIwkbFSe8c9tyQNCtmQaNdnAVFTrY5tVko2dTyUBXWTyVAyU6kWvA5wpUiN4xFZuVB+eW3g+"
        + "q4tL9qJeGbcQ3sR/fRERnbGJIKKZQde4NQeNunUaRV25moQz+ZVjdU8f44PgF5R6lmUN5DO2hIvg0RIb2ahcMvWOki3sLhJZz1wenFUTwKoX6wVuSRAUKYt7nLYBiznuu4zn9yvCpwT+2qpNveD9Es"
        + "gn7u3eb1LX4uE276IkKYGHCw5XwPK70mMbULkLAzpYWJSAJ2NxdUaOfpX9mq486bxsNInreyamJ7+RbqucG56KwrRqD8//0JgLGF9s/gAkFVN6uX8sMe1GEiClvvLXlS9rD4WOqlC/jJ5Z7Cx9eWHL"
        + "J8YEgG82xnXjBQ6MJ5zrmKkcokqNHXRz/QAyW6oVlmJffK7qSLrhVfILJJZhgd6eapfvvI1H1pyTImGd0EdAmWcq4qDVP4y7wvCmEUk6B57JiZSYRYt0cKnEGUEm2jF7OBHpOXdn1/ddNI5IGOZaII"
        + "epcOXRGVKceSQG47/B5QSzZwZRso1f0paI0vVhnzTvSl5QcEUVDjYMruA6+BDCrRcI2GAaU3pQCumETlvu5bjItkVBIaw6ffm5QPIeGziMNTejubRilSXQFH/fT6fmBntlbMTfHBY0RkH1FFzqOGRa"
        + "WqaG5vl8mB5i8LSrrngyW5uvgWJvmk9RGPxroQ8BvLPVOZtIKtkGmzLUHWVKeI6bC7PO4boSuixLaX4VAs/NE4cDKdYzv3FonFK4HYS5STIHakuSLM9gGxejN8GwWuGq06jIQvFPIujjmA6g8bF/TO"
        + "oFNG2iJvQapUJLrgh+WIfKNrTQ+HeAUAjo2IoELRMRDMVrFA1RJ4REHS4FtM0EC/LOSoZRKGGrDIzQX3zWjge5vtVgFOoqEx8z7bSRkMePDdWtKoAcHggtmZl4jZl4ga5IdWPMCfGEG3f5rOGN5nCj"
        + "z5faMhNxvTh/JjXi29ixZK6w8rProgi0noxSxOrfgom8zEdebLlnZvvvo6bzwk2f9M04uAGMVpWrjbeDW1L6I1jsi/qFhts1z9FWYY3jwI7aqmKFHqaNno/GZ3c4tYT8spvqx0Vek6bYyM8Xuhyhgq"
        + "m3AONUX7nU2+ndi2Q5bfsqhvz1gWC4Bcc1P4Q8sxz6gx6K19A/RDxMFcgYTgSYOLVh79YI8MBaaDE7nC8JfK58hZOX+p2EMq8Y3RzCVUvKFZQL3xxVL+lPEGLUQYCwPMqB61oUBP8bikYgAYyt8Rqw"
        + "VCS3G4clwLAcN0gbXsQiPup6aOCg3As+R6Fur+6gzhjETnu27XG5RaBgR46DUP/d29qSrcueYvrhUv4zU/96NRz5E75VIwIwowQQKY/hv+EueuzT5UzMWDkhI3+XmDBQrEXXZvdeCCLzWevwfM8OVh"
        + "2Yf9uYJh8FbCFa3GR7hqKLfBzTVNr9hqpQuvqcz1vBmR2uvEZg7Cw1gCaeY/v7x2qG2ArBH5XwkyjX/REId6aXMIBY1DleLnGp/Jbjv+H4lMc3S7BHbO1fbWWOHB7EYn6CXay5nEn+EHPU+9x38Acr"
        + "6m0Epi55nEnlSltA9kNygeCJaQd3nLnnVxJnPDbvy+OtUFpxHArRNN+mbl0vJWtctoGA93ilnUqgyD+RsfVERPLazwzIFKR6lqObPQ7BCGATvXgXP02ndUFu5vsPQW84SNrHS1yxyXHKmP5NwFbQu+"
        + "czNDa1MK77AhZNy94BBrhhdS3GGjt2j2tGv3RH6D4kmWWtL+C4xaPNjkr+ZTp2t6GAjLO8q8QKSui07Ez4JDlF4WhkuGpN39Msqj99pqGFyBGeHVmEbIJ+yvaEHiJkE8Rvv3tskqB0pGIdC1dTW+Ng"
        + "WZ+a1j+eynhBLmJY6J9FBMRoos7Lh58SJgzic7YwrBfZ1RKGClW420mZI1EolubGo2HxSl3wc2jujiP+/+A4dKOL2jrK6vv/sO7S+cXLtWCa1qD7dtTXER6XSlzsE9v6s43pb9mF0u6pX3Zil3HSo8"
        + "qXzdPGaGyw7Aze0BpPV103sOLD+EV1Ep09hBIayfnDISYHvmFTUe5b2Yk+0fdpGreA4i/A+9B1HLoUN89XO/K0njqmvHYtZFSty1TXv+wOeRnM/32/LmdtmStJ9p23VwLQn6J8OKNZPEKFG3mk6tqH"
        + "i0HzosOMeRy89cvx3e64wC3c4isuz1fXYjtl4crHr2wqx6MEw1ib8R1oTZAM1fzY8mE5aGkLrEMlmhwewcbmnJkPT/GyEkwoo1CcLobKruBRxkM1KzY1cZNaBYrfT7CE/Te8R+LsObucFxMOzXpGX9"
        + "hNW/o0QxpAJXXb5gVPCAWfarCbUUmMSTZnfycH1zPC/XfR5pAwC6lkKNl7xBOPpLQWcdVoxvsKkZjWA5ckqpSKsWDXuFQw3P2fP9VHb7vmKnnpshMk5ywhjirjpkRK/W02bebSWfhrkILVfT4Bc+qf"
        + "fwlCsmJvr9TbV63AdMzDyvRIL4kONA9Lr+0V3R0HsMvTxkyjb4YnayDwmKPCLB74QDumeAb86sIfWN0XdUaoaxldenEl4JolIVKpeGpstS/fdd6F6y1CJt7QTC1026qKxjJ0nTZoLmdsVjuppjn6hM"
        + "41do2pwNoyT9juLTXpGpKjUuJA6z+OWYrO7OtwNGO2nAaD4AkvLapo8sVQpUVHj+7kafsUFdnqMGfzU0a5+qXksSr7qJrdOvOtxLNWm2kbFy+EMf4MpfTfSAdz4Ji0L8l/1e7avEMWVRkUX7wnOi+5"
        + "uylb7BGyyerwywvmpwaHYqVuLscw+vxsXCEziHTtyDccSRN4EmBi1uYmkhgChx0sWc9gZlUkInEyXO/YHUOZ1oK1rVg/phLW80PLZNjU74W/3gQ+u9cShXUvuzGUR2aBY+8KvNSQCCP23Ue1+nFgAu"
        + "3HJ/NTP75Jlq57CBrYuBp9Zl1T+duWHtwVVBYG/h0kvo2jtVYzs0ObEPy4FBKZBoewSwOLNU2Q4fBbWYnabrfMtYyn5OudPccQhoGPDs/x4HmwTosXDE71+SlevF1/BgxDgMT+4qLcHlZPomuZ6Bzo"
        + "t14w9/kLC2tGCEKy8rbayNksYOGLzboyU0q0//BAdtmzAwBRTROv1P1MAv62+Z29dDOTJMzUxK/Wqgzbm/17vovXaAdFrnTTx9Tr0VgeZa+EsIbZc/PbLYHApOx/M/fXpfbCiQESpX2WhUMz8jNvy4"
        + "gGIKyghjMmxL2F4ghwuXxgUKLqYtqEtJp7pt728+m2fUa112pb6Iap5IS1QtTvqJfZm4NfghJiGVKGNOkuY5Y74IXBy+RmU+cxQD2jn7+khCKHk8m/gYhpyRVsXowjQ5tbT/441DRChkI2jrwk3+hf"
        + "qsziCA4cyCCnCrlGoCYmeNEmHwYtBUwZS2LmBd1i5tCGGCvElCEnNXLi2CKQlRkpIOf3eNX3a+p0gqqwZTRYK4khF/xwFXzpXlMEZTfrcsd2OkvitVZxc9wiY2+5m0P8jWfXTTG92Y+GDiCje9dx56"
        + "KWVdO7kswO+55+aiCar7n0lriljwnIBNRFsijLwkUwOdSHVkhJ3G7bCTwgUFyeffPmQUW/1toU1cbqq+FbDH31tDZYsmA4xROeEGuz9Ig/XwPyQ0iTQFQV9DW+EUES4oloubIR8Mouxe/8hLOiIl05"
        + "5cc7b69QYRLlwL5/8prcfhRrmWkeg5x/IwXSqxeZsQQA6yYsQ2B3uDkWM2yg21zfA/AmF3ryX/AiXI3MxeMRo3J3dW4BeGwEm9d8CfzV9QMNF54ZfwbJ4sf3Jh1EryvTlx3G5SfPes5s9/YJ1H7nGC"
        + "11BE67udwFL+LC4b2ZoHhph6A9QjPx1O7Utvjp9Lep9M9ukoWU/aiPVQu0sH9L6h0DqQp29EjTjKB3nSzK5gNPbQ24Qb0gAlJprXhSZ70A3/dYhfTDYvYSloGTOFJUt/vO/izQ7YeqVbEJWi8fmLdc"
        + "t0p6cOU94YvluXXZbUsgZeiAP2kfRRdUu6u2J3uUOf1rL/wqBLmYWFhh+GjBja2Im91zsRpUEJy1YY8gUM7lEk8Ghw4OWUe40E4iYXxikJSGzlYJ762ggZEg31nvCNRAe7WwP5lqeoe/0FnhIldWFq"
        + "iMz3R7z/aCfSZpYUkilVBbViIsVbIPXn0GS4p3KGCA70fa8Ca+AqVNYVETqK400Kvtjym/vI3CcCAAMcojvW6muZBRGMasvA72FyqSVjMubPpLPC5Uj+XsNSbWFB1Q2gN3DGCONRQnkyAG9RSl20jN"
        + "1dfGFJy/xW5yxCfiPnCRghSDiqvy7f9Z4P7kvuHHqT+WF5LL2Is3CZ7J+AcX8KgSK2wmXCSR2mIOx1WigH2HFUoGlBD/RWhwQ06YJzPKO2AiFgAO+FIJ16AGFmLQGlipgFH/cKHn7OfXNcwFGrBmGw"
        + "8Fn4AmRtWblQKTOlj0tEPkbuxLC0HY+2eZfNg6anTSxJcFZGSiyGDQGqNzNTwG014HohGuMd0fYhn02O58oVc3dYmvLhNdNCpXwHfnrcLk3Z1XRI2kHYxeNmhHgo5LpXKhQKYxZ5+c/ODPhzLMICkI"
        + "bO3ldcxQQmtqyk8h/21AIQCCj6p+n/FpkDP3I1fu5Ee2IEgT0eHTl3lFncZeUO5TjCXLyileG2m5zCeLAhIg9nozciU9SFmRTtpzEzofgn08iIduTDqwxa1fUBGI/o8oV7PLCsGDPAflvzQ3mLr8I6"
        + "t1J2ct7o9+CQwov20DqCQvbXFBmSr+CE12oo3eDm/eDZPmMpWSpJ/RnEggVNrrLWDJumfu+ATZPR/tawZnzYH2QnFcDmSaKI50SWb3R5JWhKjVAsNMJoRCmAgRpywjpUsryyq0D7me8qfv8FgkQDac"
        + "mojJ6XJILRECvyvfHFTHcsgT4my+sTVkx1Ed4Ol5AIJ+0pvjDP6D608Llz3nYXdEzzugTllDdCyRslesfZsuOcIId7n7aO2Lo0zmDoNPHJ9wbmSQBlUx08uAsEa/8/JuS56sy+ZUgWljkkQHSGZ0FN"
        + "ygxAJZi2JNIxSxfdukSXYXP8BEQ3RytJZzDBvl8oInB48+8NI5g9QQM+uWdJ8Tp17QpU5d4omR+VY2ntbW5CvEtXrmnEmWWKn5BT9CXtJDwGQbkNEN8SuwomZSoP2N21U3VaKRhWyGKbRUOjw16vab"
        + "R5E7IwKm7UGST6Fr64c7JJVhjYbX9dQlk23M6+cefsuggFcmEdaFcj9KuJCN5EfX6Cu7BGOd7EUAX/q/RZc5mxkNMxC/rXvUbiYZ7MYK0w7YXwSjbc5GjqJIydtjBHPUueZcv2MqkLAfwjC5fLxMjs"
        + "U8HpabTSCWMDIsEBAMucH91X1YvNFyRUz0imhdyXBt1KPp2CL7zoa56VqZdyo43X4iNDKKSkreZDsCLzjYYBe3kIG3OtmcEJQkI+rVq+NLe/lLlDXniBMrOWEiOlHaYp5lFwjCFLP2ubFrvvFYIuqK"
        + "R1spqsxu2iLNedXEpdnYrzS/39gNYoN54uzlJyl00yICC1w+6M5p1akvNTKJ194cJSKwy1h3kN1E2+LjxufkDLQmbnwWRI3B/xPaXNj76DhIydJSMZRo53M+9Z+NeaLp/9TOGhY7NIJTwTLTuKLYoA"
        + "vljQDSOs6CfF2z6cVWOIFVGDbWm+jBOgH9TNwvMPkMW7T2jJ1Upc+zmqGV4IKgEtmKJ7rQKywkEuRuPamjQl7g5gfVAsKCrMPRCQvOpwkCkLkLRvQ11JVfn2irCxTwC8TvrLMtZXNtAuaS+lclk4Gq"
        + "U+lWYD7gzuhIxEvThYLeSUibXZp53EIzKHU4R9ddBREKiTGnZ/MKRbUbVccMGn/FHyv+3KvchufShFeVqMMmfQg/DhT0ov3rk3CXpLw3DdkijrlLi28ewK4J+SNzSZ+bYkR/EHEdQXBJZOdJ/8oxHI"
        + "AanolJ8VPTD+eiwitDO6BLuP1of+l+1g+p2Pi3wUsW8Qa6kLz7HOzXEJUTLnR09tRj69U+0XJg96UUkWyS38BQlXVstN9UiiEym5Lhdjkby+1eZ4btBbnGDOVQwyyNQQT1qNVjX7YOqbcAWPhr6AYD"
        + "FXe1031tHMRk1mQbAU5An3oO5PXRNo+T0U6J4++vJm938RbBd7Moe+QpdBl88YPzEM/aHmI5/8VVBTNLKz092bmxc0CT4iBg1cZ0b1XLUmBWbd1BoNOnXmPupzQ5X5kHp2BZ18RyC0G1Vyefganh44"
        + "n5joSCrvbNEW1oxxF9mBHlpOHQwyewwY1AcEKybJJy3nb17+kq2Xen3ze5bO31t0WgYQMnOndepRJyO6sf9VtpHmoLflKsW+gvjd7WrePhgt2CKOZsMQmtaHEbyzSKFL/RA2zrLGKwkv3LaYJg5X/H"
        + "uKeZFIImpJB/6zpwASBNpWPaovi80iji3Bt7jQF/VLPv715t6snU1BqH303FkmV7Eax585N2IS8EiSyks83WMKfsk2qfQAZA2htq4OXK9dzlOfLEogRl7U1GbyD5T7mDKx3+vaqtYeH5JCMaTihY3r"
        + "mrI6k5mRp4frbbHcbDOcD6WeFVyBSxtc/XfpboLmNklcNU80TZNLabe4WSTygu3XAhn5LZyXfk05ektSCqoR9F7cSp2JQ1NTGCfVqOXF/ciUOFFd0G+wUt5cWt953JEiy00VViHStqRTcUfb95hLEF"
        + "Xky0+FtUlgdscPhrVRrA94xFcDvjLH63kd3x31WODylrF6uAfOPkSRyzDPLIctTHcsB9pGYrt/x8nXqua40Js3GEzdSL06qhulvQtGEDs4UJFItygNTdn2sJ3ovjskB0DHYxYMczeTP2UgXl7343qx"
        + "/q+NnjfZwgPMeLLanQqi4XRlyfpXNRXzkpjxruqztzxFHQEm9I1NrewxWZUfTxA8LnOHNYUFzqg34KZ38bTurRNSRxMSPuynikE5egDF9Spsvx9Q+1nnN/5+KLZDraX//AlBviX/MKRoLx/7Lz9QN8"
        + "rVNTgNZm0KQDKvyZoMbsDiPRHd5ks735lrdPMpXJd3EFhnnFQsQhYFstQrOo3ChOjDbvh2qPdWQiRkagFREDk0VljuDHpE7sJmo/qL52JzSAvuviNE3h2JP8C405ufJNOfxeSytXAmTq70EI9gZTge"
        + "I7SwIR8bgGWlsoeuxZFDKc8zFd75bMHCepnB9zDa/mBqtZwxedML1deUhXBiUBMRqdSYzqw3NPCRzMT65wLMgNeMRCVR6vuhnMCfMrYH5vaDeMSxGzwVVNHSch/JlNhgCK0ixvypuXGJvnw8scA+i/"
        + "ZYQOohkAcswZc6T6HuSAeNQFb8it6hTNDIY+5hzOOMTNjh3UVd/+lIYpf2WuS4rtzLPYQTyD9Z87VcLFr6Kghk0MsgPraytKeqlosPddrAfbxAf2hcfVjjoAL+dta/mPqhcQYbUDP3x7qnjvQ1Qje0"
        + "ZzV81aisonFNwuGACKua5DPLi4MUlYA6et8Lm9idUT+3+jqVdIaSdA0h9GZsjrTV7tsu6lOGfnNGp928ukBZDJQbOAUrfu1tfo5y7wzZ9g2iYeTXhwHGtbvFjOg6JL0FNsErVrvS15yCQmC+pUY5Yn"
        + "iQFsXVTGck6NarEFmRfTeJagn1U0NifT43i/01f1PcdjGOKcOIepK5VrCO7hr8SSvKjxVyhnckFEHecghcyt+QLeQTnznTFMbC7bPYMiVj6h4IrMkB+8RuFo5xQQl+otRderRdSr+JxiuzVKhcDi1b"
        + "WhCxg16f40aWTcoWxI0GSctgRrwMynLLxKPCgw+vhSyPK7jTrTGudJ8urq9Nv9M2vZSlENNY9qBbEbFY1NJOBVwppj676nF+E4ZrfCFBAHr6WTvW5w2J1rsjYy0V5HxhjCC4+McOETL416Rfc1urDx"
        + "W3ENZI1QttBc9C+2TvJyNfXV1Kow9hmPEOpmSxHeZglInTg9lzacF/o/9iUqIxDnjbVUO+Fo7yhH0lbBKu2tUQiG8LhOe9aJk8CcybzW+2OklyNff1DkaAptdGpbb7uChespkXb5aEHCAodhD0gQcM"
        + "CbH3ZD7uRYOYnjLEgE0+oj3D2aot0jbm+ClJ2mBnxZBV2GSo0LztrsPnZagg0r5v8G9xnqH9NcbfafcY6IRbEKwKER4n51MlAt1OqWuAFi4Ge4vJrPk5e+DMEi6+Gr1VwNPTr2ds3X6LidAW8L99Vw"
        + "sjkTs7JMYASrNHMcxyFn4CQbmApJ5KfrBBMkxVPMVQpuowrMbq9DqtRxrS8tvzT+N5YAIHXVAS4vhUGW1NlAqVs3MvZQ+QBq8anOobzTt0xQhJD5QsoDOC3e7U3FCPf/VUySowHvC/3mx9gydhB4uX"
        + "3sCHxKi49OY+BvziiRxQlt4K6WlHP/8iTGGtETuaAzEo8PSvb5FSkGiQVpdOBANEmFLtY4LD8sikA+2lZw/HbLI4QSBVXJLuOeNFmU+0UmMuERNScAPjpkWTxcBQccOn7LugbahkYMzuDfWjpWyC/k"
        + "09gCOe5n3x+T1U6BMSsXFsO06jItPYcRxt5oNZ9qHKAREiZKMCaSM+G5Wns6GHo4vLLBsLFH6X00QwAvY9nmC1TXlJaRhlyH4XDdq1dksb+dlt82LScRczol4GAhc552ccbv4gPEfOGCm9bao08epz"
        + "FTWVXzUqC/PzcrfDQToUvlYHXXEPVOd4MFSgFHKgo5Z16nDWX8nnkRHtfYqa+WlSsGabGPnCEkg2W6mzQ0Ag6RagFI+mxdioZSkYkZrzEM7mw5ASb+OcxngrS5A2/77sYDiMHinvt53EcfZIRkUsD9"
        + "mJamYXm3zU8Qyx8Fl9OfILCuEqdIQa0b8R1SB5gKZwkGyDPgSAIqEWbl2aldpeBeynuSigIw68ho5Rho4I6FQtqgsGfDeTt6qIYBl+ZHBcYCnLksE4KRTz3qdKY0cZiH7/N79S9v/N9YyVk+981OVS"
        + "eP34ER9xdapQEaqcsP+TDWGotSCM7y3etFQKLZxZlcyH3Zmi0Lu/uU6PvJ5L2P3Gxb3da8C0Etk9D3tO3rMpoqXG/Qoa37Uc2rZU1YgwFuYTmDmgwvJDmSur+lo4Suxab1jxomw7KUpenj63bWCN2Q"
        + "qNWLXQP76ZbOVuxKdt5QdE2HWRuJpzo8sOJsO2RtUDAPyixFMFc1UWFua5V2TzV0A6xRj739Uxepsx4ZOESQL2dahci0Cbt/8WB2meEJLkuIvSW2nRcLF1qB0iETHl1EihmX/idYGnVlQ8+vAF9/Cq"
        + "D5fEh7Z9HkPapIdbP6XetmSigX7OhLW6GnFzsHWSY2UKsFyoFPt5BYi8zqOBHjBdHoAAjd3zrlkevrgFuVcF2SQYhD7x59HxQisYmxSOW+SMoAJgGvK6/7Tm7ghrGNzLqKgmWBmpipA5nl+sZQ8oaF"
        + "XrerCDThi87DvrXHMO7vjQhUe9NN44z9Vs4yFSTiMyNGo/MMgGPZHHuJbxGcM/KOQs87/kstvSBrgRowDhXqqOw+z0che1vXUA3fZJFOc8l2tEOPy7AazUnInJTLE2Cz7+GGNGQTsflXy5ww7U+2bg"
        + "ufVcCKS6rivr3LuqvpVM8Q3DjaMLjFink9Ih05qT86dUYyhZcFT3hytCrCyhWUFJENQFFjxgYyhpcn809t2BwQvOLYhivj4PZ7a47rk+pvo1py6JwI+VB3pUel8KLu4o/oLu6qES45WlrZ0bTTnmtI"
        + "e2haIAuyGyEVicnKJHy3mfoEa0eaZo1D1s0bTYBJx1zRCkvbux4l/412uE91suCaak5xM/6hP7mzm83LWWd4MlH01tgLl0g8Yj3XQx0qtZpHFX8HvOAhGPMyrDKwDgzbiHIBQA78cc2y/r734w1vxD"
        + "v/FJ7l3QBK//9hKYd3phwG+QzzPE8kI7RJSG6nLSrvOBgG1gKvq6wSpXnA/DhrMJ+0u50cDAXvJipLDmhNV1dEObu78TbhnrcMktinrGzsM9U3Ks6h5AcJq8EkCum8l2NHN37QSLqBIgiiaL+FOtkq"
        + "aqkQae1GHRvFo1uM9duvfRcgW2WlLihlIPtESKOmJk6X/lfwKhbbtWtb/yn10nFAC+9mNpL8Ti483DuXNV5xzbejYUbrM7knnI285sFS/6Or5lLIw1BXzqWnBg5f+O2eG1OnvcJk8ci9g8wWuXnymV"
        + "zYfdj8MtCbogtP/iwaQAh1L5vaD98FmNbELiOV+mhYP7Xc8b2O1PIYfoe2L5tQOUH9e2NNRotnmScqeGOgEM7lPqr0umRbDqGcH9UlXTPmXlLl3E4yGmxwZnryFz5rle010q55BWnAeEs6ovC7VwWn"
        + "fEPRTe+hxuOPHh6s9+LwmaZN2KLTTNAzoD6HByj6N+f24AebT5ae/WcXukVphLTSDoh/BSZzGGnHWWZ64XvpW5/knLZ3abwpWwkeCiT0bmiTJNlB973xhPWfStGYYfP3qOiEdj0OgEX+ANl4TjbiH2"
        + "/B5F1Cst0fs/Frbc44nPFOvRB91u9/rzhz24xMRUU9MZ/zSN9maF1c7/m4ieXVhBMTZLvqQMBoNI4CA5g+gyrtuNoJhQS94fRWaPoPXcpypU6693kd8rFsFCiVajyGBcZ015uzMzDzxPjQa1r51Mfn"
        + "FnmgfxgcEz232TfF2gkX5LMh7DVq8eNMJhqVntmamgFQJlW1tpt5dBT7wHICBzN8kgtIXgm6MgM9dz2QDidFXCWY9OfwaeRC86C7FF4a0dYxMD59VikfnsYgPDema8lsgZ2W6DrxLWSC+xk3FqtVIW"
        + "zvvem5MgBsvm+Auv73y9gfN8qL1inrnYlhjxRg3Nttv0OCTF6WYKH7F3TKqcyukHkiSqFXp0olTHKtKtuCpwa4vtLFmtsc+M9a7rypbmdYH6Sw5Ts+wi75+hJY2n9/XHNd8wCCkZ9XMdkD++QBFo8V"
        + "gymYXUHiDKM2KFg3T7lgEuq6z/DcEMsch04czDdC4AprU2qgKs6NGxuzKRGaZwdrgcsRKteyXjOyj9+5Ipy8taMl0G5xGOlCOasO5kk0Y26WD0iG5RRZoVAlhmY/wtRxKq/DEf75ee6K5Zuonw6Kl5"
        + "Pmwhp2by6rvbcAY33Zik7xZz036YUiwL6EJNDtzwSt1OqdYD+H2VqH4pIGVhmeRJ7i0uRG9lTwiHUsMNvCUFSRIpcGA1/JcDsUwDI3mKUVAaXoowkq7Kr/WiascgwWkqe+OY8k4XCepyNf7CjLhdGV"
        + "mIp+KpHyJ3X3GcAGmE2Y/div1ZAPxCVT+PWRNjEFpbDub8FwTUcM0ZERqq1gHbrOsScYXFmG6WZSWL7pdqxZ5OVbBQj5x9qt/PtSK3TNHlsgQvndUz34KWQJO4DLKmzftTvwxL0uX6oPPktmQpATDv"
        + "8Qk/hxeFn4C83/lShGD6ItPaWfy9cBKwDsc1On/b6ufDEan7eNMW5wnqcjX+woy4XRlZiKfiqR8id19xnABphNmP3Yr9WQD8QlU/j1kTYxBaWw7m/BcE1HDNGREaqtYB26zrEnGFxZhulmUli+6Xas"
        + "WeTlWwUI+cfarfz7Uit0zR5bIEL53VM9+ClkCTuAyyps37U78MS9Ll+qDz5LZkKQEw7/EJP4cXhZ+AvN/5UoRg+p/Hze+5owLlbAj4Xzg4HAZcQlU/j1kTYxBaWw7m/BcE1HDNGREaqtYB26zrEnGF"
        + "xZhulmUli+6XasWeTlWwUI+cfarfz7Uit0zR5bIEL53VM9+ClkCTuAyyps37U78MS9Ll+qDz5LZkKQEw7/EJP4cXhZ+AvN/5UoRg+p/Hze+5owLlbAj4Xzg4HAZcLRzU8AAAAAACGUsOcAAcZn9pb/"
        + "AfTCRpE+MA2LAgAAAAABWVo=";

    // xz --x86 --lzma2 of Text(300): a filter that is not supported
    internal const string X86 =
        "/Td6WFoAAATm1rRGAgEEACEBFgANhjUf4B5OAotdABgIHAToaDM5296CjthHVUbs9rTAUd5HX7fAOgGFJSa3o5hfjeOFfn4g7eJhX3g8DoWxkizxBP53NTUQYL3X0A4jfDm4iV5uYWFP6gZxNWN5dt"
        + "VJQH+PRaFrHkxd2f6CWgLyCQZvUiQ27m4VuCYoWTusU973cMxHuaIQNTf0V5FjyNvEQu2+SJ4TfIDXfdHHCUJkkyuPDpS5K/0ckvV0xCODgsrznEMoUCz0aNFeA8/SSNDtr9HX0qRcc/wOyLSlQ0c2"
        + "5PNXoQMHM97TomFkYwFCLnCB0T/CVjw+yVSSOpfXXxpAV8oFK7YKfZJSRAyGt3itbtq6JDduHiwMfBms4snE0ZP0owBlEUEYZx0oE56B0AG1rDSZyfiGC+IsxLtowo76SJP0b6Cra+fYUdhHblgiXu"
        + "YQ9SGCD+E77IBhnoy1s3dO7I1f2p+uvfSwiq9QOngVd9blIyY4/SoK5SINI7vi/d4aAOtu1YyZsWUwEh3WgJLl6bmBJAbIiS941XTserahIdHKTo7W/jMNhRJuo+Givlj8ICLsl6ml8s1Jb/wrHshX"
        + "21Or2a6UK1Zi8C4uY12E+azIlSh3ohHMlXgGbY3t5/vPLoY0+4Y4aV40KevslSMRfiAb0ZJnWY/Vbdd/lgy7iSz1kZfsIW5d9vzX2HWLuneXLYWIg4jk4SnhsLFaqR5xxF8O1Bz6H7x2b5CwP/RVwi"
        + "Rx3ItHJwoUAaN0jUahQR83JhBtuMglvDUpHM7qJWzeKkVg+Nq3UXkGCIMjxGZg+EKyW8zNxOzGOjr9l0XpK5+w0AQG/oSJ0MYm7A7dP0Vf0+Yq811H/7JbhHFkt+D9PW8sMCjxoCbDeTHmsRW0ekde"
        + "g6Z7/inh5AAAk3H2w+2+weUAAacFzzwAAF+Y8wyxxGf7AgAAAAAEWVo=";

    internal static byte[] Text(int lines)
    {
        StringBuilder text = new();
        for (int i = 0; i < lines; i++) text.Append(CultureInfo.InvariantCulture, $"{i % 1009} {i * 7L % 13} the quick brown fox\n");
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    internal static byte[] Noise(int count)
    {
        byte[] noise = new byte[count];
        uint state = 12345;
        for (int i = 0; i < count; i++)
        {
            state = (state * 1103515245 + 12345) & 0x7FFF_FFFF;
            noise[i] = (byte)(state >> 16);
        }
        return noise;
    }
}
