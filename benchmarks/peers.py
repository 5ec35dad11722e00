"""Other software on the same simulated core: what it costs to do what the kernels here do.

    python benchmarks/peers.py --cmsis-nn FOLDER
    python benchmarks/peers.py --snn2mcu FOLDER --cmsis-dsp FOLDER --cmsis-core FOLDER [--python P]
    python benchmarks/peers.py --qualia [--python P]

Each folder is a checkout of the project (for --cmsis-core of CMSIS_6). snn2mcu needs the package
`nir`, Qualia-CodeGen `qualia_codegen_plugin_snn`, `spikingjelly` and `tabulate`; P is a Python that
has them. All is compiled with the flags of their own builds. Adds to results/peers.json and fills
in docs/PERFORMANCE.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from costs import tables
from costs.peer_cmsis_nn import measure_cmsis_nn
from costs.peer_qualia import measure_qualia
from costs.peer_snn2mcu import measure_snn2mcu

from edgesnn.files import write_atomic

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks/results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for name in ("cmsis-nn", "snn2mcu", "cmsis-dsp", "cmsis-core"):
        parser.add_argument(f"--{name}", type=Path, metavar="FOLDER")
    parser.add_argument("--qualia", action="store_true")
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    file = RESULTS / "peers.json"
    results: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    if options.cmsis_nn:
        results["cmsis_nn"] = measure_cmsis_nn(options.cmsis_nn.resolve())
    if options.snn2mcu:
        folders = [options.snn2mcu, options.cmsis_dsp, options.cmsis_core]
        if None in folders:
            parser.error("--snn2mcu needs --cmsis-dsp and --cmsis-core")
        results["snn2mcu"] = measure_snn2mcu(*(each.resolve() for each in folders), options.python)
    if options.qualia:
        results["qualia"] = measure_qualia(options.python)
    write_atomic(file, json.dumps(results, indent=1) + "\n")
    ours = json.loads((RESULTS / "kernels.json").read_text())
    tables.fill(ROOT / "docs/PERFORMANCE.md", ours | {"peers": results})


if __name__ == "__main__":
    main()
