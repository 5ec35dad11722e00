"""Activity, footprint and reports: NeuroBench's own figures, and figures worked out by hand."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from edgesnn.errors import UsageError
from edgesnn.frontend import FrontEnd
from edgesnn.law import Oracle
from edgesnn.network import (
    INPUT,
    AdaptiveLeaky,
    Dense,
    Input,
    Layer,
    Leaky,
    Network,
    Readout,
    sparse_from_dense,
)
from edgesnn.network.arrays import IntArray
from edgesnn.sim import (
    Engine,
    algorithmic_energy,
    connection_sparsity,
    footprint,
    measure_activity,
    simulate,
)


def _weights(rng: np.random.Generator, post: int, pre: int) -> IntArray:
    return rng.integers(-60, 61, (post, pre)) * (rng.random((post, pre)) < 0.7)


def _network(encoding: Any = "direct", frontend: FrontEnd | None = None) -> Network:
    rng = np.random.default_rng(4)
    late = {"reset_delay": True, "strict": True}

    def layer(name: str, pre: int, source: str) -> Layer:
        return Layer(
            name=name,
            shape=(12,),
            synapses=(Dense(source=source, weight=_weights(rng, 12, pre)),),
            bias=np.zeros(12),
            neuron=Leaky(threshold=np.full(12, 90), decay=rng.integers(150, 250, 12), **late),
        )

    out = Layer(
        name="out",
        shape=(4,),
        synapses=(Dense(source="second", weight=_weights(rng, 4, 12)),),
        bias=np.zeros(4),
        neuron=Readout(decay=np.full(4, 230)),
    )
    return Network(
        name="metrics",
        input=Input(shape=(8,), encoding=encoding, delta=3 if encoding == "delta" else 0),
        layers=(layer("first", 8, INPUT), layer("second", 12, "first"), out),
        classes=("yes", "no", "unknown", "silence"),
        frontend=frontend,
    )


def _features(clips: int = 6, steps: int = 25) -> IntArray:
    rng = np.random.default_rng(5)
    moves = rng.integers(-4, 5, (clips, steps, 8)) * (rng.random((clips, steps, 8)) < 0.6)
    return np.clip(np.cumsum(moves, axis=1), -128, 127).astype(np.int8)


# NeuroBench ---------------------------------------------------------------------------------


def _snntorch_model(network: Network, differences: bool) -> Any:
    """The network in float PyTorch: snnTorch neurons on an integer grid, as NeuroBench wants it.

    With `differences` the first layer sums its currents over time, since NeuroBench then is fed
    with what a delta-coded input sends.
    """
    torch = pytest.importorskip("torch")
    snn = pytest.importorskip("snntorch")

    class Model(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.synapses, self.neurons = torch.nn.ModuleList(), torch.nn.ModuleList()
            for layer in network.layers:
                weight = torch.tensor(layer.synapses[0].weight, dtype=torch.float32)  # type: ignore[union-attr]
                linear = torch.nn.Linear(*reversed(weight.shape), bias=False)
                linear.weight = torch.nn.Parameter(weight)
                self.synapses.append(linear)
                self.neurons.append(self._neuron(layer))

        def _neuron(self, layer: Layer) -> Any:
            readout = layer.is_readout
            return snn.Leaky(
                beta=torch.tensor(layer.neuron.decay / 256.0),  # type: ignore[union-attr]
                threshold=1e9 if readout else float(layer.neuron.threshold[0]),  # type: ignore[union-attr]
                reset_mechanism="none" if readout else "subtract",
                state_quant=torch.floor,
                init_hidden=True,
            )

        def reset(self) -> None:
            self.held: Any = 0.0
            for neuron in self.neurons:
                neuron.mem = torch.zeros(0)

        def forward(self, x: Any) -> Any:
            for synapses, neuron in zip(self.synapses, self.neurons, strict=True):
                current = synapses(x)
                if differences and synapses is self.synapses[0]:
                    self.held = current = self.held + current
                x = neuron(current)
            return self.neurons[-1].mem, None

    return Model()


def _neurobench(model: Any, inputs: IntArray) -> dict[str, Any]:
    pytest.importorskip("neurobench")
    import torch
    from neurobench.benchmarks import Benchmark
    from neurobench.metrics.static import ConnectionSparsity
    from neurobench.metrics.workload import (
        ActivationSparsity,
        MembraneUpdates,
        SynapticOperations,
    )
    from neurobench.models import SNNTorchModel
    from torch.utils.data import DataLoader, TensorDataset

    data = TensorDataset(torch.tensor(inputs, dtype=torch.float32), torch.zeros(len(inputs)))
    metrics: list[Any] = [
        [ConnectionSparsity],
        [ActivationSparsity, MembraneUpdates, SynapticOperations],
    ]
    loader = DataLoader(data, batch_size=len(inputs))
    with torch.no_grad():
        return dict(Benchmark(SNNTorchModel(model), loader, [], [], metrics).run(quiet=True))


@pytest.mark.parametrize("encoding", ["direct", "delta"])
def test_counts_are_those_of_neurobench(encoding: str) -> None:
    network, features = _network(encoding), _features()
    seen = features.astype(np.int64)
    if encoding == "delta":
        from edgesnn.law import input_seen

        seen = np.stack(
            [np.diff(input_seen(network, clip), axis=0, prepend=0) for clip in features]
        )
    theirs = _neurobench(_snntorch_model(network, encoding == "delta"), seen)
    result = Engine(network).classify(features)
    ours = measure_activity(network, result.counts, result.steps)

    assert ours.total.spikes > 20
    operations = theirs["SynapticOperations"]
    assert operations["Dense"] == ours.total.dense
    assert operations["Effective_ACs"] + operations["Effective_MACs"] == pytest.approx(
        ours.total.effective_acs + ours.total.effective_macs
    )
    assert operations["Effective_MACs"] == pytest.approx(ours.total.effective_macs)
    assert theirs["MembraneUpdates"] == pytest.approx(ours.total.membrane_updates)
    # Theirs takes the readout for a layer that never fires.
    outputs = ours.total.neuron_steps
    assert theirs["ActivationSparsity"] == pytest.approx(1 - ours.total.spikes / outputs)
    assert theirs["ConnectionSparsity"] == pytest.approx(connection_sparsity(network), abs=1e-4)


def test_the_neurobench_model_is_the_network() -> None:
    """The comparison above would mean little if the two did not compute the same."""
    torch = pytest.importorskip("torch")
    network, features = _network(), _features()
    model = _snntorch_model(network, differences=False)
    model.reset()
    with torch.no_grad():
        membranes = []
        for step in range(features.shape[1]):
            model(torch.tensor(features[:, step], dtype=torch.float32))
            membranes.append([neuron.mem.numpy() for neuron in model.neurons])
    traces = Oracle(network).run(features)
    for number, layer in enumerate(network.layers):
        theirs = np.stack([step[number] for step in membranes], axis=1)
        np.testing.assert_array_equal(theirs, traces.v[layer.name])


def test_footprint_is_neurobench_s_for_tensors_of_the_file_s_types() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("neurobench")
    from neurobench.metrics.static.footprint import Footprint

    network = _network()
    module = torch.nn.Module()
    for number, layer in enumerate(network.layers):
        arrays = [layer.synapses[0].weight, layer.bias, *vars(layer.neuron).values()]  # type: ignore[union-attr]
        arrays.append(np.zeros(layer.size, np.int32 if layer.is_readout else np.int16))
        for index, array in enumerate(a for a in arrays if isinstance(a, np.ndarray)):
            module.register_buffer(f"array_{number}_{index}", torch.tensor(array.copy()))

    class Model:
        def __net__(self) -> Any:
            return module

    assert Footprint()(Model()) == footprint(network)


# By hand ------------------------------------------------------------------------------------


def _one_spike() -> tuple[Network, IntArray]:
    """Channel 0 makes neuron 0 fire once, in the first of four steps."""
    hidden = Layer(
        name="hidden",
        shape=(3,),
        synapses=(Dense(source=INPUT, weight=[[9, 0], [1, 0], [0, 0]]),),
        bias=[0, 0, 0],
        neuron=AdaptiveLeaky(
            threshold=[9, 9, 9],
            decay=[0, 0, 0],
            adaptation_decay=[0, 0, 0],
            adaptation_coupling=[0, 0, 0],
            adaptation_jump=[0, 0, 0],
        ),
    )
    out = Layer(
        name="out",
        shape=(2,),
        synapses=(Dense(source="hidden", bits=4, delay=1, weight=[[5, 1, 1], [0, 1, 1]]),),
        bias=[0, 0],
        neuron=Readout(decay=[256, 256]),
    )
    network = Network(name="one", input=Input(shape=(2,)), layers=(hidden, out), classes=("a", "b"))
    features = np.zeros((1, 4, 2), np.int8)
    features[0, 0, 0] = 1
    return network, features


def test_one_spike_by_hand() -> None:
    network, features = _one_spike()
    result = Engine(network).classify(features)
    activity = measure_activity(network, result.counts, result.steps)
    hidden, out = activity.layers
    assert (activity.input_events, activity.input_rate) == (1, 1 / 8)
    assert (hidden.spikes, hidden.events, hidden.firing_rate) == (1, 1, 1 / 12)
    assert (hidden.effective_macs, hidden.effective_acs) == (2, 0)
    assert hidden.dense == 2 * 3 * 4
    # Three in the first step; then neuron 1 falls from 1 to 0, neuron 0 was reset to 0 at once.
    assert hidden.membrane_updates == 3 + 1
    assert (hidden.weight_bytes, hidden.accumulator_bytes) == (3, 3 * 8)
    assert hidden.state_bytes == 2 * (2 + 2) * 3 * 4
    assert (out.spikes, out.events, out.effective_acs, out.effective_macs) == (0, 1, 1, 0)
    assert out.membrane_updates == 2 + 1
    assert (out.weight_bytes, out.accumulator_bytes) == (1, 2 * 8)
    assert out.state_bytes == 2 * 4 * 2 * 4
    assert activity.activation_sparsity == 1 - 1 / 12
    energy = algorithmic_energy(network, activity)
    assert energy.synapses_pj == pytest.approx(2 * (0.2 + 0.1) + 1 * 0.1)
    assert energy.neurons_pj == pytest.approx(12 * (3 * 3.1 + 4 * 0.1) + 0.1 + 8 * (3.1 + 0.1))
    moved = 3 + 24 + 96 + 1 + 16 + 64
    assert energy.memory_pj == pytest.approx(moved / 8 * 10)
    assert energy.label == "algorithmic, 45 nm"


def test_a_spike_still_on_its_way_is_not_delivered() -> None:
    network, features = _one_spike()
    result = Engine(network).classify(features[:, :1])
    activity = measure_activity(network, result.counts, result.steps)
    assert [layer.events for layer in activity.layers] == [1, 0]


def test_sparse_groups_count_as_the_matrix_they_stand_for() -> None:
    network = _network()
    sparse = Network(
        name=network.name,
        input=network.input,
        classes=network.classes,
        layers=tuple(
            Layer(
                name=layer.name,
                shape=layer.shape,
                synapses=(sparse_from_dense(layer.synapses[0]),),  # type: ignore[arg-type]
                bias=layer.bias,
                neuron=layer.neuron,
            )
            for layer in network.layers
        ),
    )
    assert connection_sparsity(sparse) == connection_sparsity(network)
    totals = []
    for each in (network, sparse):
        result = Engine(each).classify(_features())
        totals.append(measure_activity(each, result.counts, result.steps).total)
    dense, stored = totals
    assert stored.dense == dense.dense
    assert stored.effective_acs == dense.effective_acs
    # Zeros are not stored, but every synapse brings a 16-bit index.
    assert stored.weight_bytes == pytest.approx(3 * (stored.effective_acs + stored.effective_macs))


# Report -------------------------------------------------------------------------------------


def test_report_of_labelled_features() -> None:
    network, features = _network(), _features(40)
    decisions = Engine(network).classify(features).decisions
    labels = decisions.copy()
    labels[:5] = (labels[:5] + 1) % 4
    done: list[int] = []
    report = simulate(network, features, labels, done.append)
    assert sum(done) == 40
    assert report.accuracy is not None
    assert report.accuracy.share == 35 / 40
    assert report.accuracy.confusion.sum() == 40
    for true, decided in zip(labels[:5], decisions[:5], strict=True):
        assert report.accuracy.confusion[true, decided]
    for number, recall in enumerate(report.accuracy.recall):
        mine = labels == number
        expected = (decisions[mine] == number).mean() if mine.any() else None
        assert recall == expected
    assert sum(c.activity.clips for c in report.conditions[1:]) == 40
    assert report.activity.total.spikes == pytest.approx(
        sum(c.activity.total.spikes * c.activity.clips for c in report.conditions[1:]) / 40
    )
    assert json.loads(json.dumps(report.to_dict()))["accuracy"]["accuracy"] == 35 / 40


def test_report_of_sound_has_what_an_idle_device_hears() -> None:
    network = _network("delta", FrontEnd(bands=8))
    pcm = np.random.default_rng(0).integers(-3000, 3000, (3, 16000)).astype(np.int16)
    report = simulate(network, pcm)
    assert report.accuracy is None
    assert report.steps == 50
    named = {condition.name: condition.activity for condition in report.conditions}
    assert list(named) == [
        "all",
        "digital silence",
        "white noise -50 dBFS",
        "pink noise -30 dBFS",
        "mains hum -30 dBFS",
    ]
    # Delta-coded, silence sends each channel once and then nothing.
    assert named["digital silence"].input_events <= 8
    assert named["pink noise -30 dBFS"].input_events > 100


@pytest.mark.parametrize(
    ("clips", "labels", "message"),
    [
        (np.zeros((0, 5, 8), np.int8), None, "no clips to simulate"),
        (np.zeros((1, 16000), np.int16), None, "has no front-end; give it features"),
        (np.zeros((2, 5, 8), np.int8), np.array([0]), "labels must be 2 numbers from 0 to 3"),
        (np.zeros((1, 5, 8), np.int8), np.array([4]), "labels must be 1 numbers from 0 to 3"),
    ],
)
def test_impossible_simulations(clips: IntArray, labels: IntArray | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        simulate(_network(), clips, labels)
