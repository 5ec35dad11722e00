"""Generated C on the host against the oracle, over the whole graph space."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from edgesnn.codegen.host import HostC
from edgesnn.codegen.plan import memory_plan
from edgesnn.law import Oracle
from edgesnn.machine import first_divergence
from edgesnn.network import Network

from .strategies import clips, networks


@settings(
    phases=[Phase.generate],
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
@given(network=networks(), seed=st.integers(0, 2**32 - 1))
def test_host_c_equals_the_oracle(network: Network, seed: int) -> None:
    features = clips(network, seed)
    machine = HostC(network, optimise="-O1")
    divergence = first_divergence(network, Oracle(network).run(features), machine.run(features))
    assert divergence is None, divergence
    assert machine.state_bytes == memory_plan(network).ram_bytes
