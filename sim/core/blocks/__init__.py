"""Hot code of the firmware as machine code: the same cycles, counts and state as the loop's.

`Blocks` (engine) watches what the interpreter spends its time on, `plan` cuts that into regions,
`region` writes each as LLVM IR, `jit` compiles it. docs/TRANSLATION.md says how and why.
"""
