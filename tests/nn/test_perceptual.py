"""VGG19 from a weights file of random numbers in torchvision's layout, and the fixed random features."""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from img2img.errors import ConfigError
from img2img.nn.perceptual import VGG19, PerceptualLoss, layer_names, random_features

CONFIGURATION_E = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Width and number of convolutions of VGG19's blocks (Simonyan & Zisserman 2015, table 1, column E)."""


def reference() -> nn.Sequential:
    """The `features` of torchvision's VGG19, independently of ours."""
    layers: list[nn.Module] = []
    channels = 3
    for width, convolutions in CONFIGURATION_E:
        for _ in range(convolutions):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*layers)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def features() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = reference().requires_grad_(False)
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)  # or nothing but the biases would arrive at the deep layers
        return layers


@pytest.fixture(scope="module")
def first_block(features: nn.Sequential) -> dict[str, Tensor]:
    """The weights of conv1_1 and conv1_2 under torchvision's names, and a tensor of the classifier."""
    named = {f"features.{name}": tensor for name, tensor in features[:4].state_dict().items()}
    return named | {"classifier.0.weight": torch.zeros(1)}


@pytest.fixture
def weights(tmp_path: Path, first_block: dict[str, Tensor]) -> Path:
    path = tmp_path / "vgg19.pth"
    torch.save(first_block, path)
    return path


@pytest.mark.parametrize(
    ("layer", "index"), [("conv1_1", 0), ("relu1_1", 1), ("pool1", 4), ("conv5_4", 34), ("relu5_4", 35), ("pool5", 36)]
)
def test_a_layers_position_is_torchvisions_index(layer: str, index: int) -> None:
    assert layer_names()[index] == layer
    kind = {"conv": nn.Conv2d, "relu": nn.ReLU, "pool": nn.MaxPool2d}[layer[:4]]
    assert isinstance(reference()[index], kind)


def test_there_are_37_layers_with_16_convolutions() -> None:
    assert len(layer_names()) == len(reference()) == 37
    assert sum(name.startswith("conv") for name in layer_names()) == 16


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_features_equal_torchvisions_network_on_normalised_images(
    suffix: str, tmp_path: Path, features: nn.Sequential
) -> None:
    """conv5_4, the paper's 34th entry, from a file of each kind; normalisation by ImageNet's mean and deviation."""
    path = tmp_path / f"vgg19{suffix}"
    tensors = {f"features.{name}": tensor for name, tensor in features.state_dict().items()}
    save_file(tensors, path) if suffix == ".safetensors" else torch.save(tensors, path)
    network = VGG19("conv5_4", path, sha256(path).upper())
    images = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalised = (images - mean.view(3, 1, 1)) / deviation.view(3, 1, 1)
    expected = features[:35](normalised)
    assert expected.min() < 0  # before the ReLU
    assert (expected - features[:35](images)).abs().mean() > 0.1 * expected.abs().mean()
    torch.testing.assert_close(network(images), expected)


@pytest.mark.parametrize(("layer", "channels", "size"), [("conv1_2", 64, 16), ("relu1_2", 64, 16), ("conv1_1", 64, 16)])
def test_layers_after_the_named_one_are_not_built(layer: str, channels: int, size: int, weights: Path) -> None:
    network = VGG19(layer, weights, sha256(weights))
    assert network(torch.zeros(2, 3, 16, 16)).shape == (2, channels, size, size)
    assert len(network.layers) == layer_names().index(layer) + 1


@pytest.mark.parametrize("claimed", ["0" * 64, ""])
def test_a_file_with_another_sha256_is_refused(claimed: str, weights: Path) -> None:
    with pytest.raises(ConfigError, match=f"has the SHA-256 {sha256(weights)}, not the expected"):
        VGG19("conv1_1", weights, claimed)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read the VGG19 weights .*nowhere\.pth.*: No such file"):
        VGG19("conv1_1", tmp_path / "nowhere.pth", "0" * 64)


class _Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("new_format", [True, False])
def test_a_pickle_with_code_is_refused_and_not_executed(new_format: bool, tmp_path: Path) -> None:
    path, trace = tmp_path / "evil.pth", tmp_path / "executed"
    torch.save({"features.0.weight": _Bomb(trace)}, path, _use_new_zipfile_serialization=new_format)
    with pytest.raises(ConfigError, match="holds no plain weights"):
        VGG19("conv1_1", path, sha256(path))
    assert not trace.exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", pickle.dumps([1, 2], protocol=2), b"\x08" + b"\0" * 40])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_that_holds_no_weights_is_refused(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"odd{suffix}"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"odd\.\w+ holds no plain weights"):
        VGG19("conv1_1", path, sha256(path))


def test_a_file_that_lacks_a_layer_names_it(weights: Path) -> None:
    with pytest.raises(ConfigError, match=r"does not hold torchvision's VGG19 weights: 'features\.5\.weight'"):
        VGG19("relu2_1", weights, sha256(weights))


def test_a_file_with_another_shape_is_refused(tmp_path: Path, first_block: dict[str, Tensor]) -> None:
    path = tmp_path / "narrow.safetensors"
    save_file(first_block | {"features.0.weight": torch.zeros(32, 3, 3, 3)}, path)
    with pytest.raises(ConfigError, match="does not hold torchvision's VGG19 weights"):
        VGG19("conv1_1", path, sha256(path))


def test_an_unknown_layer_is_refused_and_the_known_ones_are_named(weights: Path) -> None:
    with pytest.raises(ConfigError, match=r"VGG19 has no layer 'conv6_1'; its layers are conv1_1, relu1_1, .*pool5"):
        VGG19("conv6_1", weights, sha256(weights))


def test_random_features_are_the_same_whatever_the_global_seed() -> None:
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = random_features()(images)
        torch.manual_seed(2)
        second = random_features()(images)
    assert torch.equal(first, second)
    assert first.shape == (2, 64, 8, 8)
    assert not torch.equal(first, random_features(seed=2)(images))


def test_building_a_feature_extractor_leaves_the_global_random_numbers_alone(weights: Path) -> None:
    before = torch.get_rng_state()
    random_features()
    VGG19("conv1_2", weights, sha256(weights))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("norm", "power"), [("l1", 1), ("l2", 2)])
def test_the_loss_is_the_mean_distance_of_features(norm: str, power: int) -> None:
    chance = torch.Generator().manual_seed(0)
    images, truth = (torch.rand(2, 3, 8, 8, generator=chance) for _ in range(2))
    extractor = random_features()
    expected = (extractor(images) - extractor(truth)).abs().pow(power).mean()
    torch.testing.assert_close(PerceptualLoss(extractor, norm)(images, truth), expected)


def test_the_loss_moves_the_images_and_never_the_features() -> None:
    loss = PerceptualLoss(random_features())
    images = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    truth = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1)).requires_grad_()
    loss(images, truth).backward()
    assert images.grad is not None
    assert images.grad.abs().max() > 0
    assert truth.grad is None
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in loss.parameters())
