"""Schema migrations, applied in order by `huixiang migrate`; never edited after they are merged."""
