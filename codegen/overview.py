"""Tables of the generated header: layers with their memory, and the planner's choices."""

from __future__ import annotations

from edgesnn.codegen.choose import step_cycles
from edgesnn.codegen.plan import MemoryPlan
from edgesnn.codegen.program import Program
from edgesnn.network.bounds import membrane_bounds
from edgesnn.network.graph import Layer, Network


def layer_table(network: Network, plan: MemoryPlan) -> list[str]:
    """The header's table of layers: synapses, density, bytes and proven ranges."""
    lines = ["part              neurons synapses density   flash     RAM  proven ranges"]
    for row in plan.rows:
        layer = network.by_name.get(row.name)
        density = f"{100 * row.density:.1f}%" if layer is not None else ""
        counts = (row.neurons, row.synapses) if layer is not None else ("", "")
        ranges = "" if layer is None else _ranges(network, layer)
        line = (
            f"{row.name:<17} {counts[0]:>7} {counts[1]:>8} {density:>7} "
            f"{row.flash_bytes:>7} {row.ram_bytes:>7}  {ranges}"
        )
        lines.append(line.rstrip())
    lines.append(f"{'total':<42} {plan.flash_bytes:>7} {plan.ram_bytes:>7}")
    return lines


def choice_table(program: Program) -> list[str]:
    """The header's table of layouts: what was chosen for each layer, and what else there is; and
    what all of it takes in unrolled code and in compact code, where the planner knows."""
    lines = []
    for code in program.layers:
        assert code.choice is not None
        for option in code.choice.options:
            taken = "taken" if option.kernel == code.choice.kernel else "also"
            lines.append(
                f"{code.layer.name:<17} {taken:<6} {option.kernel:<9} {option.flash_bytes:>9} "
                f"{option.cycles:>8}"
            )
    return lines + (_code_lines(program) if program.cores == "dsp" else [])


def _code_lines(program: Program) -> list[str]:
    kernels = {
        code.layer.name: code.choice.kernel for code in program.layers if code.choice is not None
    }
    return [
        f"{'all':<17} {'taken' if compact == program.compact else 'also':<6} "
        f"{'compact' if compact else 'unrolled':<9} {'':>9} "
        f"{step_cycles(program.network, kernels, compact):>8}"
        for compact in (False, True)
    ]


def _ranges(network: Network, layer: Layer) -> str:
    bounds = membrane_bounds(network, layer)
    name = "y" if layer.is_readout else "u"
    text = f"{name} {bounds.low}..{bounds.high}{' saturating' if bounds.saturates else ''}"
    if bounds.adaptation_low or bounds.adaptation_high:
        clamp = " saturating" if bounds.adaptation_saturates else ""
        text += f", a {bounds.adaptation_low}..{bounds.adaptation_high}{clamp}"
    return text
