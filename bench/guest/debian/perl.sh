# Regular expressions, hashes, strings.
set -e
perl - $1 <<'PERL'
my (%h, $matches);
for my $i (1 .. $ARGV[0]) {
    my $k = "k" . ($i * 31 % 5003);
    $h{$k} += $i;
    $matches++ if $k =~ /^k(\d)\d*\1$/;
}
print join(",", map { "$_=$h{$_}" } (sort keys %h)[0 .. 9]), " $matches\n";
PERL
