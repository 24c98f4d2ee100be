"""Reads our HDF5 checkpoints into the networks of networks.py."""
import h5py
import torch

from networks import DenseNet3, WideResNet


def load(path):
    """The network in evaluation mode, with its mean and std."""
    with h5py.File(path) as f:
        a = f.attrs
        text = a["architecture"].decode() if isinstance(a["architecture"], bytes) else a["architecture"]
        image = {"image_channels": int(a.get("image_channels", 3)), "image_size": int(a.get("image_size", 32))}
        if text == "densenet":
            network = DenseNet3(int(a["depth"]), int(a["num_classes"]), int(a["growth_rate"]),
                                float(a["reduction"]), bool(a["bottleneck"]), **image)
        else:
            network = WideResNet(int(a["depth"]), int(a["num_classes"]), int(a["widen_factor"]), **image)
        state = network.state_dict()
        for name in state:
            if not name.endswith("num_batches_tracked"):
                state[name] = torch.from_numpy(f[name.replace(".", "/")][()])
        network.load_state_dict(state)
        return network.eval(), [float(v) for v in a["mean"]], [float(v) for v in a["std"]]
