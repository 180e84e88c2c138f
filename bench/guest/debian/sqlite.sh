# Rows, an index, joins, an update: all in memory.
set -e
sqlite3 :memory: <<SQL
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < $1)
  insert into t select i, 'row ' || (i * 7919 % $1), i * 0.5 from n;
create index x on t(b);
select count(*), sum(c), min(b) from t where b like 'row 1%';
select p.b, q.c from t p join t q on p.b = 'row ' || q.a order by q.c desc, p.b limit 5;
update t set c = c + length(b);
select sum(c) from t;
SQL
