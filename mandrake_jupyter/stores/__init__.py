"""Where things are kept: sessions in a database (SQLite by default), configuration in files written atomically.

Nothing here knows of models, tools or HTTP. ``database``, ``tables`` and ``sessions`` import SQLAlchemy and are
themselves imported at first use only.
"""
