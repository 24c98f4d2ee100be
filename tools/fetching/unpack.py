"""Unpacks archives safely: nothing outside the folder, no links, bounded sizes."""
import gzip
import os
import shutil
import tarfile
import stat
import typing
import zipfile
import zlib

from fetching.items import Failure

CHUNK = 1 << 18
KINDS = {"tar.gz": "a gzipped TAR archive", "tar": "a TAR archive", "zip": "a ZIP archive", "none": "the file"}
MOST_BYTES = 4 << 30  # of an unpacked archive
MOST_FILES = 250_000  # twice as many as any set has
MOST_HEADER = 1 << 20  # bytes of a header in an archive


def safe_parts(name):
    """The parts of a path in an archive. Raises Failure for a path that could leave the folder."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name or "\\" in name:
        raise Failure(f"it holds {name!r}, a path that leads out of its folder")
    return parts


DAMAGE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile, NotImplementedError,
          RuntimeError)  # zipfile raises the last two for what it cannot decompress, and for a password


class Unpacked:
    """The content of an archive, read once from start to end. Its size and that of each header are bounded."""

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


class Member(typing.NamedTuple):
    """A file or folder of an archive."""
    name: str
    is_folder: bool
    is_file: bool
    size: int
    open: typing.Callable


def tar_members(file):
    with tarfile.open(fileobj=file, mode="r:") as tar:
        for member in tar:
            yield Member(member.name, member.isdir(), member.isreg() and not member.issparse(), member.size,
                         lambda member=member: tar.extractfile(member))


def zip_members(archive):
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)
            yield Member(member.filename, member.is_dir(), not member.is_dir() and kind in (0, stat.S_IFREG),
                         member.file_size, lambda member=member: file.open(member))


def unpack(archive, how, folder):
    """Unpacks into the new folder `folder`. Returns the single top folder that the archive must have."""
    if how == "zip":
        return unpack_members(zip_members(archive), folder)
    with gzip.open(archive) if how == "tar.gz" else open(archive, "rb") as file:
        unpacked = Unpacked(file)
        top = unpack_members(tar_members(unpacked), folder)
        unpacked.read_to_the_end()
    return top


def unpack_members(members, folder):
    folder.mkdir()
    top, entries, files, left = None, 0, 0, MOST_BYTES
    for member in members:
        entries += 1
        if entries > MOST_FILES:
            raise Failure(f"it holds more than {MOST_FILES} files")
        parts = safe_parts(member.name)
        if not (member.is_folder or member.is_file):
            raise Failure(f"it holds {member.name!r}, which is neither a plain file nor a folder")
        # Mac OS adds these.
        if not parts or parts[-1].startswith("._") or parts[-1] == ".DS_Store" or parts[0] == "__MACOSX":
            continue
        top = top or parts[0]
        if parts[0] != top or (member.is_file and len(parts) < 2):
            raise Failure(f"it holds {member.name!r} as well as the folder {top!r}; one folder is expected")
        path = folder.joinpath(*parts)
        if member.is_folder:
            path.mkdir(parents=True, exist_ok=True)
            continue
        files += 1
        left -= member.size
        if left < 0:
            raise Failure(f"it unpacks to more than {MOST_BYTES} bytes")
        path.parent.mkdir(parents=True, exist_ok=True)
        with member.open() as source, open(path, "xb") as target:  # x: fails if the file exists
            copy(source, target, member)
    if not files:
        raise Failure("it holds no file")
    return folder / top


def copy(source, target, member):
    """Copies the member. Raises Failure unless it has the size that the archive says."""
    size = 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > member.size:
            break
        target.write(chunk)
    if size != member.size:
        raise Failure(f"it ends within {member.name!r}" if size < member.size
                      else f"its {member.name!r} is larger than it says")


def check_content(item, folder):
    """Raises Failure unless the set is complete. Returns a description of it."""
    for name, size in item.files.items():
        path = folder / name
        found = path.stat().st_size if path.is_file() else None
        if found != size:
            raise Failure(f"its {name} " + ("is missing" if found is None else f"has {found} bytes, not {size}"))
    images = sum(path.suffix.lower() in (".png", ".jpg", ".jpeg") for path in folder.rglob("*"))
    if item.unpack == "none":
        return item.file
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
        if item.unpack == "none":
            temporary.mkdir()
            shutil.copyfile(archive, temporary / item.file)
            folder = temporary
        else:
            folder = unpack(archive, item.unpack, temporary)
        what = check_content(item, folder)
        if target.is_dir():
            target.rmdir()  # it is empty: see fetch_set()
        os.rename(folder, target)
    except DAMAGE as error:
        raise Failure(f"it is damaged, or not {KINDS[item.unpack]} ({error})") from None
    except FileExistsError as error:
        raise Failure(f"it holds {error.filename!r} twice") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return what
