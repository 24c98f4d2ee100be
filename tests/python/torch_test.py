#!/usr/bin/env python3
"""odin.Network next to PyTorch in one process. CTest runs each test by its name."""
import threading
import unittest

import numpy as np
import torch

import odin
from networks import WideResNet, odin as torch_odin
from formula import fill
from support import PackageCase, planes, random_images, small_network

TEMPERATURE = 1000
MAGNITUDE = 0.0014


def torch_scores(network, images, mean, std):
    """Logits, and scores by PyTorch in single precision, with softmaxes in double as ours."""
    x = torch.from_numpy(planes(images)).float() / 255
    x = (x - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)
    logits, _, perturbed = torch_odin(network, x, TEMPERATURE, MAGNITUDE, std)

    def softmax(values, temperature):
        return torch.softmax(values.double() / temperature, 1).max(1).values.numpy()
    return logits.numpy(), {"baseline": softmax(logits, 1), "odin": softmax(perturbed, TEMPERATURE),
                            "energy": torch.logsumexp(logits.double(), 1).numpy(),
                            "max_logit": logits.double().max(1).values.numpy()}


class TorchTest(PackageCase):
    def compare(self, network):
        images = random_images(12)
        ours = odin.Network.from_torch(network, in_dataset="cifar10")
        # In turns, so that each finds the threads and the state that the other left.
        for _ in range(2):
            logits, expected = torch_scores(network, images, ours.mean, ours.std)
            scores = ours.scores(images, temperature=TEMPERATURE, magnitude=MAGNITUDE)
            np.testing.assert_allclose(ours.logits(images), logits, atol=2e-4)
            for name, tolerance in (("baseline", 2e-5), ("energy", 2e-4), ("max_logit", 2e-4), ("odin", 1e-6)):
                np.testing.assert_allclose(scores[name], expected[name], rtol=0, atol=tolerance, err_msg=name)

    def test_scores_of_a_densenet_are_pytorchs(self):
        self.compare(small_network())

    def test_scores_of_a_wide_resnet_are_pytorchs(self):
        self.compare(fill(WideResNet(depth=10, widen_factor=2)).eval())

    def test_both_compute_at_the_same_time(self):
        network, images = small_network(), random_images(40)
        ours = odin.Network.from_torch(network, in_dataset="cifar10")
        torch.set_num_threads(2)
        logits, _ = torch_scores(network, images, ours.mean, ours.std)
        scores = ours.scores(images)
        failures = []

        def repeat(check):
            try:
                for _ in range(10):
                    check()
            except Exception as error:  # of any kind: it would be lost
                failures.append(error)

        def of_torch():
            np.testing.assert_allclose(torch_scores(network, images, ours.mean, ours.std)[0], logits, atol=1e-5)
        threads = [threading.Thread(target=repeat, args=(check,))
                   for check in (of_torch, lambda: self.assert_same(ours.scores(images), scores))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_the_order_of_imports_does_not_matter(self):
        np.save(self.folder / "images.npy", random_images(3))
        odin.Network.from_torch(small_network(), in_dataset="cifar10").save(self.folder / "net.h5")
        script = """
import hashlib
import {}
import numpy as np
convolution = torch.nn.Conv2d(3, 8, 3)
network = odin.Network("net.h5")
for _ in range(2):
    convolution(torch.rand(2, 3, 32, 32)).sum().backward()
    scores = network.scores(np.load("images.npy"))
with h5py.File("net.h5") as file:
    print(len(file), hashlib.sha256(b"".join(v.tobytes() for v in scores.values())).hexdigest())
"""
        results = {self.run_python(script.format(modules))
                   for modules in ("torch, odin, h5py", "odin, h5py, torch", "h5py, torch, odin")}
        self.assertEqual(len(results), 1, results)

    def test_tensors_are_images_too(self):
        images = random_images(3)
        ours = odin.Network.from_torch(small_network(), in_dataset="cifar10")
        expected = ours.scores(images)
        tensor = torch.from_numpy(images)
        floats = tensor.permute(0, 3, 1, 2).float() / 255
        for same in (tensor, tensor.permute(0, 3, 1, 2), floats, floats.contiguous(memory_format=torch.channels_last),
                     floats.clone().requires_grad_(), torch.cat([floats, floats], 1)[:, 3:]):
            self.assert_same(ours.scores(same), expected)
        self.assert_raises(TypeError, "an array of torch.float16", ours.scores, floats.half())
        self.assert_raises(ValueError, "(3, 3, 16, 32)", ours.scores, floats[:, :, ::2])


if __name__ == "__main__":
    unittest.main()
