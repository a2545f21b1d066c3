"""Reads the documents of a store as server/store/FORMAT.md describes them: zstd frames, some with a
dictionary of the store."""

import ctypes
import ctypes.util
import sqlite3

ZSTD = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
ZSTD.ZSTD_createDCtx.restype = ctypes.c_void_p
ZSTD.ZSTD_freeDCtx.argtypes = [ctypes.c_void_p]
ZSTD.ZSTD_decompress_usingDict.restype = ctypes.c_size_t
ZSTD.ZSTD_decompress_usingDict.argtypes = [
    ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t,
    ctypes.c_char_p, ctypes.c_size_t]
ZSTD.ZSTD_isError.argtypes = [ctypes.c_size_t]


def unpack(frame, size, dictionary):
    room = ctypes.create_string_buffer(max(size, 1))
    context = ZSTD.ZSTD_createDCtx()
    try:
        got = ZSTD.ZSTD_decompress_usingDict(context, room, size, frame, len(frame), dictionary,
                                             len(dictionary))
    finally:
        ZSTD.ZSTD_freeDCtx(context)
    if ZSTD.ZSTD_isError(got) or got != size:
        raise ValueError("a document cannot be unpacked")
    return room.raw[:size]


def documents_of(path):
    """All documents of a store or a run file, one after the other."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        dictionaries = dict(database.execute("SELECT dictionary, data FROM dictionaries"))
        tables = [name for name, sql in database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table'")
            if sql and "document BLOB" in sql and "dictionary INTEGER" in sql]
        return b"\n".join(
            unpack(frame, size, dictionaries.get(dictionary, b""))
            for table in tables
            for dictionary, size, frame in database.execute(
                f"SELECT dictionary, size, document FROM {table}"))
    finally:
        database.close()
