"""Unpacks archives safely: nothing outside the folder, no links, bounded sizes."""
import gzip
import os
import shutil
import tarfile
import zlib

from fetching.items import Failure

CHUNK = 1 << 18
MOST_BYTES = 4 << 30  # of an unpacked archive
MOST_FILES = 50_000  # five times as many as any set has
MOST_HEADER = 1 << 20  # bytes of a header in an archive


def safe_parts(member):
    """The parts of a member's path. Raises Failure for a path that could leave the folder."""
    name = member.name
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name or "\\" in name:
        raise Failure(f"it holds {name!r}, a path that leads out of its folder")
    if not (member.isdir() or (member.isreg() and not member.issparse())):
        raise Failure(f"it holds {name!r}, which is neither a plain file nor a folder")
    return parts


DAMAGE = (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile)


class Unpacked:
    """The content of a gzip file, read once from start to end. Its size and that of each header are bounded."""

    def __init__(self, file):
        self.file, self.left = file, MOST_BYTES

    def read(self, count):
        if count > MOST_HEADER:
            raise Failure(f"it holds a header of {count} bytes")
        data = self.file.read(count)
        self.left -= len(data)
        if self.left < 0:
            raise Failure(f"it unpacks to more than {MOST_BYTES} bytes")
        return data

    def tell(self):
        return self.file.tell()

    def seek(self, position):
        while (distance := position - self.tell()) > 0 and self.read(min(distance, CHUNK)):
            pass

    def read_to_the_end(self):  # the checksum is there
        while self.read(CHUNK):
            pass


def unpack(archive, folder):
    """Unpacks into the new folder `folder`. Returns the single top folder that the archive must have."""
    folder.mkdir()
    top, entries, files = None, 0, 0
    with gzip.open(archive) as file:
        unpacked = Unpacked(file)
        with tarfile.open(fileobj=unpacked, mode="r:") as tar:
            for member in tar:
                entries += 1
                if entries > MOST_FILES:
                    raise Failure(f"it holds more than {MOST_FILES} files")
                parts = safe_parts(member)
                if not parts or parts[-1].startswith("._") or parts[-1] == ".DS_Store":  # Mac OS adds these
                    continue
                top = top or parts[0]
                if parts[0] != top or (member.isreg() and len(parts) < 2):
                    raise Failure(f"it holds {member.name!r} as well as the folder {top!r}; one folder is expected")
                path = folder.joinpath(*parts)
                if member.isdir():
                    path.mkdir(parents=True, exist_ok=True)
                    continue
                files += 1
                if member.size > unpacked.left:
                    raise Failure(f"it unpacks to more than {MOST_BYTES} bytes")
                path.parent.mkdir(parents=True, exist_ok=True)
                with tar.extractfile(member) as source, open(path, "xb") as target:  # x: fails if the file exists
                    shutil.copyfileobj(source, target, CHUNK)
                if path.stat().st_size != member.size:
                    raise Failure(f"it ends within {member.name!r}")
        unpacked.read_to_the_end()
    if not files:
        raise Failure("it holds no file")
    return folder / top


def check_content(item, folder):
    """Raises Failure unless the set is complete. Returns a description of it."""
    for name, size in item.files.items():
        path = folder / name
        found = path.stat().st_size if path.is_file() else None
        if found != size:
            raise Failure(f"its {name} " + ("is missing" if found is None else f"has {found} bytes, not {size}"))
    images = sum(path.suffix.lower() in (".png", ".jpg", ".jpeg") for path in folder.rglob("*"))
    if not item.files and not images:
        raise Failure("it holds no PNG or JPEG image")
    return f"{len(item.files)} files" if item.files else f"{images} images"


def check_gzip(file):
    """Raises Failure if a gzip file is damaged or truncated."""
    try:
        with gzip.open(file) as stream:
            Unpacked(stream).read_to_the_end()
    except DAMAGE as error:
        raise Failure(f"{file.name} is damaged ({error})") from None


def unpack_set(item, archive, target, work):
    """Unpacks to the folder `target`, completely or not at all. It must not exist, or be empty."""
    temporary = work / (item.name + ".unpacked")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        folder = unpack(archive, temporary)
        what = check_content(item, folder)
        if target.is_dir():
            target.rmdir()  # it is empty: see fetch_set()
        os.rename(folder, target)
    except DAMAGE as error:
        raise Failure(f"it is damaged, or not a gzipped TAR archive ({error})") from None
    except FileExistsError as error:
        raise Failure(f"it holds {error.filename!r} twice") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return what
