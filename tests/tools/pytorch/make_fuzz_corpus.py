"""Writes the small files that fuzzing of the reader of PyTorch's files starts from.

    make_fuzz_corpus.py FOLDER

One or more of each container, pickle protocol and wrapping. If PyTorch is installed, files that it saves are added.
"""
import gzip
import io
import os
import pickle
import subprocess
import sys
import tarfile

HERE = os.path.dirname(os.path.abspath(__file__))
PYTORCH = os.path.join(HERE, "..", "..", "pytorch")


def run(*arguments):
    return subprocess.run([sys.executable, *arguments], stderr=subprocess.DEVNULL, check=False).returncode == 0


def archived(name, data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)

    def write(name, data):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)

    for container in ("magic", "tar", "zip"):
        for saved in ("module", "state_dict"):
            for depth in (0, 10):
                path = os.path.join(folder, f"{container}_{saved}_{depth}")
                if not run(os.path.join(PYTORCH, "old_torch.py"), path, "--container", container, "--saved", saved,
                           "--depth", str(depth), "--growth", "1", "--classes", "2"):
                    sys.exit("old_torch.py failed")
                os.remove(path + ".expected")
        with open(os.path.join(folder, f"{container}_module_0"), "rb") as file:
            data = file.read()
        write(f"{container}.tar.gz", gzip.compress(archived("a.pth", data)))
        write(f"{container}.tar", archived("./a.pth", data))
    for protocol in range(6):
        value = {"a": [1, -2, 2**70, 1.5, None, True], "b": ({"c": {1}}, b"bytes", "caf\u00e9")}
        write(f"pickle{protocol}", pickle.dumps(value, protocol))
    for case in ("module-zip", "state_dict-magic", "under_state_dict-zip4", "strided-magic5", "with_attributes-zip"):
        if not run(os.path.join(PYTORCH, "saved_by_pytorch.py"), "write", folder, case):
            print("PyTorch does not run: the corpus is without its files")
            break
        os.remove(os.path.join(folder, case + ".pth.expected"))


if __name__ == "__main__":
    main()
