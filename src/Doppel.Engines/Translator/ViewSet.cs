namespace Doppel.Engines.Translator;

/// <summary>The tables of the views that were used last. Flushing all of them only counts; each is cleared when it is used again.</summary>
/// <param name="make">Makes empty tables.</param>
internal sealed class ViewSet<T>(int capacity, Func<T> make)
    where T : class, IViewTables
{
    /// <summary>Among the first views the order does not matter: a kernel and its program take turns all the time.</summary>
    private const int Unordered = 4;

    // In order of use, the latest first: few, and nearly always one of the first.
    private readonly List<(ulong View, ulong Space, T Tables)> _views = [];
    private uint _generation;

    /// <summary>The flush count.</summary>
    public uint Generation => _generation;

    /// <summary>How often tables were taken from one view for another.</summary>
    public int Reused { get; private set; }

    /// <summary>The tables of a view.</summary>
    /// <param name="shared">One for all spaces; what is not global is dropped when the space changes.</param>
    public T Get(ulong view, bool shared, ulong space)
    {
        ulong keySpace = shared ? 0 : space;
        int index = IndexOf(view, keySpace);
        T tables = _views[index].Tables;
        if (index >= Unordered)
        {
            (ulong, ulong, T) entry = _views[index];
            _views.RemoveAt(index);
            _views.Insert(0, entry);
        }

        if (tables.Generation != _generation)
        {
            tables.Clear();
            tables.Generation = _generation;
        }
        else if (tables.Space != space)
        {
            tables.DropLocal();
        }

        tables.Space = space;
        return tables;
    }

    public void FlushAll() => _generation++;

    /// <summary>Drops what is not global of all views whose space has these bits.</summary>
    public void FlushSpaces(ulong mask, ulong value)
    {
        foreach ((_, _, T tables) in _views)
        {
            if ((tables.Space & mask) == value) tables.DropLocal();
        }
    }

    public void DropPage(ulong page)
    {
        foreach ((_, _, T tables) in _views) tables.DropPage(page);
    }

    private int IndexOf(ulong view, ulong space)
    {
        for (int i = 0; i < _views.Count; i++)
        {
            if (_views[i].View == view && _views[i].Space == space) return i;
        }

        T tables;
        if (_views.Count < capacity)
        {
            tables = make();
        }
        else
        {
            tables = _views[^1].Tables;
            tables.Clear();
            Reused++;
            _views.RemoveAt(_views.Count - 1);
        }

        tables.Generation = _generation;
        tables.Space = space;
        _views.Add((view, space, tables));
        return _views.Count - 1;
    }
}
