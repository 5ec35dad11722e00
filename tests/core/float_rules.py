"""Micro-benchmarks of the floating point units; sources as in timing_rules."""

from __future__ import annotations

from .rule import rules

_M4 = rules("cortex-m4", "A",
    ("single sum", "vadd.f32 s0, s1, s2", 1),
    ("single sum used at once", "vadd.f32 s0, s0, s2", 2),
    ("product, comparison, conversion",
     "vmul.f32 s0, s1, s2; vcmp.f32 s3, s4; vcvt.s32.f32 s5, s6", 3),
    ("multiply-accumulate of singles", "vfma.f32 s0, s1, s2", 3),
    ("addend made just before", "vmul.f32 s3, s1, s2; vmla.f32 s3, s4, s5", 4),
    ("factor made just before", "vmul.f32 s3, s1, s2; vmla.f32 s0, s3, s5", 5),
    ("single division, then a sum", "vdiv.f32 s0, s1, s2; vadd.f32 s3, s4, s5", 15),
    ("single division beside integers", "vdiv.f32 s0, s1, s2;" + "nop.w;" * 13, 14),
    ("single square root", "vsqrt.f32 s0, s1", 14),
    ("single load and store", "vldr s0, [r8]; vstr s1, [r9]", 4),
    ("two words load and store", "vldr d0, [r8]; vstr d1, [r9]", 6),
    ("load multiple of four singles: 1 + N", "vldmia r8, {s0-s3}", 5),
    ("push and pop of two doubles: 1 + 2N", "vpush {d8, d9}; vpop {d8, d9}", 10),
    ("single to core and back", "vmov r0, s0; vmov s1, r1", 2),
    ("two singles to core", "vmov r0, r1, s0, s1", 2),
    ("conditions to core", "vmrs APSR_nzcv, fpscr", 1),
)  # fmt: skip

_M33 = rules("cortex-m33", "J",
    ("own sum of multiply-accumulates", "vfma.f32 s0, s1, s2", 3),
    ("integers beside a multiply-accumulate",
     "vfma.f32 s0, s1, s2; mov.w r1, r1; mov.w r2, r2", 3),
    ("single sum used at once", "vadd.f32 s0, s0, s2", 2),
    ("products and sums, interleaved",
     "vmul.f32 s0, s1, s2; vmul.f32 s4, s5, s6; vadd.f32 s3, s3, s0; vadd.f32 s7, s7, s4", 4),
    ("single load used in the next cycle", "vldr s0, [r8]; vadd.f32 s1, s0, s2", 2),
    ("load multiple of four singles: N", "vldmia r8, {s0-s3}", 4),
    ("single to core, used at once", "vmov r0, s0; add.w r1, r0, r2", 3),
    ("two singles to core", "vmov r0, r1, s0, s1", 2),
)  # fmt: skip

_M7 = rules("cortex-m7", "J",
    ("two single sums do not pair", "vadd.f32 s0, s1, s2; vadd.f32 s3, s4, s5", 2),
    ("single sum and integer", "vadd.f32 s0, s1, s2; add.w r0, r1, r2", 1),
    ("single sum used at once", "vadd.f32 s0, s0, s2", 3),
    ("own sum of multiply-accumulates", "vfma.f32 s0, s1, s2", 3),
    ("three accumulators",
     "vfma.f32 s0, s1, s2; vfma.f32 s3, s4, s5; vfma.f32 s6, s7, s8", 3),
    ("sum after a multiply-accumulate", "vfma.f32 s0, s1, s2; vadd.f32 s3, s4, s5", 5),
    ("single division", "vdiv.f32 s0, s1, s2", 16),
    ("single square root", "vsqrt.f32 s0, s1", 14),
    ("double product", "vmul.f64 d0, d1, d2", 5),
    ("double division", "vdiv.f64 d0, d1, d2", 30),
    ("load multiple of four singles", "vldmia r8, {s0-s3}", 2),
    ("two singles to core", "vmov r0, r1, s0, s1; add.w r2, r3, r4", 2),
)  # fmt: skip

FLOAT_RULES = (*_M4, *_M33, *_M7)
