"""Batches of CIFAR's Python version, made from a file of the binary version of CIFAR-10.

    cifar_batches.py FILE.bin FOLDER    FOLDER/WAY/test_batch and, for some ways, FOLDER/WAY/batches.meta

The ways are those in which people have pickled them since Python 2.
"""
import os
import pickle
import sys

import numpy

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def main():
    records = numpy.fromfile(sys.argv[1], numpy.uint8).reshape(-1, 3073)
    data, labels = numpy.ascontiguousarray(records[:, 1:]), records[:, 0].tolist()
    batch = {"batch_label": "testing batch 1 of 1", "labels": labels, "data": data,
             "filenames": [f"image_{i:05}.png" for i in range(len(labels))]}
    as_bytes = {key.encode(): value for key, value in batch.items()}
    ways = {f"protocol_{protocol}": (batch, protocol) for protocol in (1, 2, 3, 4, 5)}
    ways.update({f"bytes_{protocol}": (as_bytes, protocol) for protocol in (2, 3, 4, 5)})
    ways.update({f"by_columns_{protocol}": ({**batch, "data": numpy.asfortranarray(data)}, protocol)
                 for protocol in (2, 5)})
    ways.update({
        "planar": ({**batch, "data": data.reshape(-1, 3, 32, 32)}, 4),
        "array_labels": ({**batch, "labels": numpy.array(labels)}, 4),
        "big_endian_labels": ({**batch, "labels": numpy.array(labels, ">i4")}, 2),
        "tuple_labels": ({**batch, "labels": tuple(labels)}, 4),
    })
    for way, (value, protocol) in ways.items():
        folder = os.path.join(sys.argv[2], way)
        os.makedirs(folder)
        with open(os.path.join(folder, "test_batch"), "wb") as file:
            pickle.dump(value, file, protocol)
        with open(os.path.join(folder, "batches.meta"), "wb") as file:
            pickle.dump({"label_names": NAMES, "num_vis": 3072, "num_cases_per_batch": 10000}, file, protocol)


if __name__ == "__main__":
    main()
