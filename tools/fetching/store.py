"""From an item's addresses to files in the user's folders."""
import contextlib
import fcntl
import filecmp
import gzip
import hashlib
import os
import pathlib
import shlex
import tarfile

from fetching.download import CHUNK, download, looks_like_a_page
from fetching.items import Failure
from fetching.unpack import DAMAGE, check_gzip, unpack_set


def say(text):
    print(text, flush=True)


def hash_of(kind, stream):
    digest = hashlib.new(kind)
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def hashes_inside(kind, archive):
    """The checksums of what a gzipped file holds: of its content or, if that is an archive, of each file there."""
    with contextlib.suppress(*DAMAGE, OSError), gzip.open(archive) as stream:
        yield hash_of(kind, stream)
    with contextlib.suppress(*DAMAGE, OSError), tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            if member.isreg():
                yield hash_of(kind, tar.extractfile(member))


def check_digest(item, archive):
    """Raises Failure unless the file, or what a gzipped network holds, has the known checksum."""
    kind, _, expected = item.checksum.partition(":")
    with open(archive, "rb") as file:
        found = hash_of(kind or "sha256", file)
        file.seek(0)
        gzipped = file.read(2) == b"\x1f\x8b"
    if not expected:
        say(f"{item.name}: no checksum is known for it; the sha256 of this file is {found}")
    elif found != expected and not (gzipped and item.in_dataset and expected in hashes_inside(kind, archive)):
        raise Failure(f"{archive.name} has the {kind} {found}, but {expected} is expected: it is damaged, or a "
                      "different file")


@contextlib.contextmanager
def work_folder(folder):
    """FOLDER/.fetch for unfinished files, used by one process at a time. It is removed when it is empty."""
    work = folder / ".fetch"
    work.mkdir(parents=True, exist_ok=True)
    lock = os.open(work, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield work
    except BlockingIOError:
        raise Failure(f"another fetch_data is at work in {folder}; wait until it has finished") from None
    finally:
        os.close(lock)
        with contextlib.suppress(OSError):
            work.rmdir()


def given_file(item, options):
    """The user's own file for the item, or None."""
    if item.name not in options.archive:
        return None
    given = pathlib.Path(options.archive[item.name])
    if not given.is_file():
        raise Failure(f"{given} is not a file")
    with open(given, "rb") as file:
        if looks_like_a_page(file.read(512)):
            raise Failure(f"{given} is a web page, not the file")
    check_digest(item, given)
    return given


def from_first_good_address(item, work, options, use):
    """Downloads from one address after the other, until `use` takes what arrived. Returns what `use` returns.

    Raises Failure, with what was wrong with each address, if none is good. A file that `use` refuses is removed. One
    for which the disk is too small stays, and the next run continues with it.
    """
    own = options.url.get(item.name)
    addresses = ([own] if own else []) + [a for a in item.addresses if not own]
    reasons = []
    for address in addresses:
        fetched = work / item.stored_as(address)
        last = address == addresses[-1]
        try:
            if not fetched.exists():
                download(item.name, address, fetched, options.timeout, options.pause, patient=last)
            try:
                check_digest(item, fetched)
                result = use(fetched)
            except Failure:
                fetched.unlink(missing_ok=True)
                raise
            fetched.unlink(missing_ok=True)
            return result
        except Failure as error:
            reasons.append(str(error))
            if not last:
                say(f"{item.name}: {error}; trying the next address")
    if len(reasons) == 1:
        raise Failure(reasons[0])
    raise Failure(f"none of its {len(reasons)} addresses is good:\n" + "\n".join(f"  {r}" for r in reasons))


def fetch_set(item, options):
    folder = options.data_dir / item.folder
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        return say(f"{item.name}: {folder} exists already; nothing to do")
    with work_folder(options.data_dir) as work:
        def unpack(archive):
            try:
                return unpack_set(item, archive, folder, work)
            except Failure as error:
                raise Failure(f"{archive.name} is not unpacked: {error}") from None
        given = given_file(item, options)
        what = unpack(given) if given else from_first_good_address(item, work, options, unpack)
    say(f"{item.name}: {folder}, {what}")


def stored_network(item, options):
    """The network's file in the user's folder, or None."""
    names = dict.fromkeys(item.stored_as(address) for address in (*item.addresses, ".pth.tar.gz"))
    return next((path for path in (options.weights_dir / name for name in names) if path.exists()), None)


def fetch_network(item, catalogue, options):
    converted = options.weights_dir / (item.name + ".h5")
    if converted.exists():
        return say(f"{item.name}: {converted} exists already; nothing to do")
    file = stored_network(item, options)
    if file:
        say(f"{item.name}: {file} exists already")
    else:
        with work_folder(options.weights_dir) as work:
            def store(fetched):
                check_network(item, fetched, catalogue, options)
                stored = options.weights_dir / fetched.name
                os.replace(fetched, stored)
                return stored
            file = given_file(item, options)
            if file:
                check_network(item, file, catalogue, options)
            else:
                file = from_first_good_address(item, work, options, store)
        say(f"{item.name}: {file}")
    command = ["convert_checkpoint", str(file), str(converted), *item.conversion()]
    say(f"  convert it: {shlex.join(command)}")


def check_network(item, file, catalogue, options):
    """Raises Failure for a file that is not a network, is truncated, or is another network."""
    with open(file, "rb") as stream:
        start = stream.read(4)
    if start[:2] == b"\x1f\x8b":
        check_gzip(file)
    elif not start.startswith((b"PK", b"\x80")):
        raise Failure(f"{file.name} is not a file that torch.save wrote")
    # The authors' page gives one address for two networks.
    for twin in catalogue.items.values():
        other = stored_network(twin, options) if twin.in_dataset and twin is not item else None
        if other and filecmp.cmp(other, file, shallow=False):
            raise Failure(f"it is the same file as {other.name}; the authors' page gives one address for both "
                          "wideresnet10 and wideresnet100")
