#!/usr/bin/env python3
"""odin.Network.from_torch: the network that convert_checkpoint makes of a file. CTest runs each test by its name."""
import unittest
import warnings

import h5py
import numpy as np
import torch

import odin
from formula import fill
from networks import DenseNet3, WideResNet
from support import PackageCase, random_images, small_network


class FromTorchTest(PackageCase):
    def assert_same_files(self, ours, expected):
        """Parameters and description, bit for bit."""
        with h5py.File(ours) as a, h5py.File(expected) as b:
            self.assertEqual({k: np.asarray(v).tobytes() for k, v in a.attrs.items() if k != "source"},
                             {k: np.asarray(v).tobytes() for k, v in b.attrs.items() if k != "source"})
            found, wanted = ({}, {})
            for file, values in ((a, found), (b, wanted)):
                file.visititems(lambda name, item: values.update({name: item[()].tobytes()})
                                if isinstance(item, h5py.Dataset) else None)
            self.assertEqual(found.keys(), wanted.keys())
            self.assertGreater(len(found), 20)
            self.assertEqual(found, wanted)

    def test_the_network_is_the_converted_file_bit_for_bit(self):
        images = random_images(3)
        for network in (small_network(), fill(WideResNet(depth=10, widen_factor=1)),
                        fill(DenseNet3(depth=7, growth_rate=3, reduction=1, bottleneck=False))):
            torch.save(network.state_dict(), self.folder / "net.pth")
            self.run_program("tools/convert_checkpoint", "net.pth", "net.h5", "--in-dataset", "cifar10")
            converted = odin.Network(self.folder / "net.h5")
            ours = odin.Network.from_torch(network.state_dict(), in_dataset="cifar10")
            ours.save(self.folder / "ours.h5")
            self.assert_same_files(self.folder / "ours.h5", self.folder / "net.h5")
            self.assert_same(ours.scores(images), converted.scores(images))
            self.assertEqual((ours.class_names, ours.mean), (converted.class_names, converted.mean))

    def test_a_network_for_images_of_another_size_is_told_so(self):
        images = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
        network = small_network()
        torch.save(network.state_dict(), self.folder / "net.pth")
        self.run_program("tools/convert_checkpoint", "net.pth", "net.h5", "--in-dataset", "cifar10", "--image-size", 64)
        ours = odin.Network.from_torch(network, in_dataset="cifar10", image_size=64)
        self.assertEqual(ours.image_shape, (3, 64, 64))
        self.assert_same(ours.scores(images), odin.Network(self.folder / "net.h5").scores(images))
        self.assert_raises(odin.Error, "3", odin.Network.from_torch, network, in_dataset="cifar10", image_size=3)

    def test_every_form_of_the_weights_is_the_same_network(self):
        network = small_network()
        state = network.state_dict()
        images = random_images(2)
        expected = odin.Network.from_torch(state, in_dataset="cifar10").scores(images)
        double = {name: tensor.double() for name, tensor in state.items()}
        for same in (network, double, {name: tensor.numpy() for name, tensor in state.items()},
                     {"module." + name: tensor for name, tensor in state.items()},
                     {name.replace("fc.", "classifier."): tensor for name, tensor in state.items()},
                     {name: t.contiguous(memory_format=torch.channels_last) if t.ndim == 4 else t
                      for name, t in state.items()},
                     {**dict(network.named_parameters()), **dict(network.named_buffers())}):
            self.assert_same(odin.Network.from_torch(same, in_dataset="cifar10").scores(images), expected)
        for type_ in (torch.float16, torch.bfloat16):
            rounded = {name: tensor.to(type_) for name, tensor in state.items()}
            exact = {name: tensor.float() for name, tensor in rounded.items()}
            self.assert_same(odin.Network.from_torch(rounded, in_dataset="cifar10").scores(images),
                             odin.Network.from_torch(exact, in_dataset="cifar10").scores(images))

    def test_later_changes_of_the_weights_do_not_reach_it(self):
        network, images = small_network(), random_images(2)
        ours = odin.Network.from_torch(network, in_dataset="cifar10")
        before = ours.scores(images)
        with torch.no_grad():
            network.fc.weight.zero_()
        self.assert_same(ours.scores(images), before)

    def test_the_inputs_are_described(self):
        state = small_network(classes=3).state_dict()
        ours = odin.Network.from_torch(state, mean=[0.5, 0.25, 0.125], std=(0.5, 0.5, 1), class_names=["a", "b", "c"])
        self.assertEqual((ours.mean, ours.std, ours.class_names, ours.num_classes),
                         ([0.5, 0.25, 0.125], [0.5, 0.5, 1], ["a", "b", "c"], 3))
        self.assertEqual(ours.source, "taken from a state dict of PyTorch in memory")

    def test_tensors_beside_the_network_are_warned_of(self):
        state = {"net." + name: tensor for name, tensor in small_network().state_dict().items()}
        state["normalize.mean"] = torch.zeros(3)
        ignored = r"ignored 1 tensor that is no part of the network: normalize.mean \(3\)"
        with self.assertWarnsRegex(UserWarning, ignored):
            odin.Network.from_torch(state, in_dataset="cifar10")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.assertRaises(UserWarning, odin.Network.from_torch, state, in_dataset="cifar10")
            odin.Network.from_torch(state, in_dataset="cifar10", key="net")

    def test_a_key_chooses_one_of_several_networks(self):
        network, images = small_network(), random_images(2)
        other = fill(DenseNet3(depth=16, growth_rate=4))
        both = {f"{key}.{name}": tensor for key, one in (("student", network), ("teacher", other))
                for name, tensor in one.state_dict().items()}
        for key, one in (("student", network), ("teacher", other)):
            self.assert_same(odin.Network.from_torch(both, key=key, in_dataset="cifar10").scores(images),
                             odin.Network.from_torch(one, in_dataset="cifar10").scores(images))
        self.assert_raises(odin.Error, "those of 2 networks", odin.Network.from_torch, both, in_dataset="cifar10")
        self.assert_raises(odin.Error, "no tensor whose name begins with 'x.'", odin.Network.from_torch, both, key="x",
                           in_dataset="cifar10")

    def test_what_is_no_network_of_ours_is_refused_with_a_sentence(self):
        state = small_network().state_dict()
        weight = state["fc.weight"]
        quantised = torch.quantize_per_tensor(weight, 0.1, 0, torch.qint8)
        for wrong, kind, sentence in (
                (3, TypeError, "a state dict is needed, or a module that has one, not an object of the type int"),
                ({3: weight}, TypeError, "a key that is no text"),
                ({"a": 3}, TypeError, "'a' is of the type int, where a tensor of floating-point numbers is needed"),
                ({**state, "fc.weight": quantised}, TypeError, "'fc.weight' is an array of torch.qint8"),
                ({**state, "fc.weight": weight.to_sparse()}, TypeError, "'fc.weight'"),
                ({**state, "fc.weight": weight.int()}, odin.Error, "'fc.weight': its elements are int32"),
                ({**state, "fc.weight": weight.numpy()[::-1]}, odin.Error, "'fc.weight' is an array that runs back"),
                ({**state, "fc.weight": weight[:, 1:]}, odin.Error, "'fc.weight' has the shape"),
                ({**state, "fc.weight": weight * np.nan}, odin.Error, "fc.weight"),
                ({}, odin.Error, "there are none"),
                (torch.nn.Linear(2, 3), odin.Error, "neither a DenseNet nor a Wide ResNet")):
            self.assert_raises(kind, sentence, odin.Network.from_torch, wrong, in_dataset="cifar10")
        for options, sentence in (
                ({}, "give the mean and the deviation"),
                ({"mean": [0.5] * 3}, "give the mean and the deviation"),
                ({"mean": [0.5] * 2, "std": [0.5] * 2}, "the mean has 2 values"),
                ({"mean": [128] * 3, "std": [64] * 3}, "mean"),
                ({"in_dataset": "cifar100"}, "the network has 10 classes, but cifar100 has 100"),
                ({"in_dataset": "cifar10", "class_names": ["a"]}, "1 class names, but the network has 10 classes")):
            self.assert_raises(odin.Error, sentence, odin.Network.from_torch, state, **options)


if __name__ == "__main__":
    unittest.main()
