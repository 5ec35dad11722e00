"""Waits for flash and for wrong predictions, as functions of the region's module.

They do what `edgesnn.sim.core.cache` and `edgesnn.sim.core.predict` do to the state vector.
"""

from __future__ import annotations

import math

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks.place import CacheShape, Flash
from edgesnn.sim.core.cache import C_CLOCK, HEADER, PLACE_BITS, PLACES

VECTOR = 8  # ages that are compared at once

_MINIMA = """
declare <{step} x i64> @llvm.smin.v{step}i64(<{step} x i64>, <{step} x i64>)
declare i64 @llvm.vector.reduce.smin.v{step}i64(<{step} x i64>)
"""

_HOLDS = """
define internal i1 @holds{base}(ptr %state, i64 %line) noinline {{
entry:
  %clock.p = getelementptr i64, ptr %state, i64 {clock}
  %before = load i64, ptr %clock.p
  %clock = add i64 %before, 1
  store i64 %clock, ptr %clock.p
  %tags = getelementptr i64, ptr %state, i64 {tags}
  %ages = getelementptr i64, ptr %state, i64 {ages}
  %places = getelementptr i64, ptr %state, i64 {places}
  %place.p = getelementptr i64, ptr %places, i64 %line
  %place = load i64, ptr %place.p
  %tag.p = getelementptr i64, ptr %tags, i64 %place
  %tag = load i64, ptr %tag.p
  %hit = icmp eq i64 %tag, %line
  br i1 %hit, label %there, label %search
there:
  %used.p = getelementptr i64, ptr %ages, i64 %place
  %used.at = shl i64 %clock, {bits}
  %used = or i64 %used.at, %place
  store i64 %used, ptr %used.p
  ret i1 true
search:
  %set = and i64 %line, {mask}
  %first = mul i64 %set, {ways}
  %end = add i64 %first, {ways}
  %from.p = getelementptr i64, ptr %ages, i64 %first
  %from = load <{step} x i64>, ptr %from.p, align 8
  br label %next
next:
  %way = phi i64 [ %first, %search ], [ %following, %next ]
  %least = phi <{step} x i64> [ %from, %search ], [ %less, %next ]
  %age.p = getelementptr i64, ptr %ages, i64 %way
  %age = load <{step} x i64>, ptr %age.p, align 8
  %less = call <{step} x i64> @llvm.smin.v{step}i64(<{step} x i64> %least, <{step} x i64> %age)
  %following = add i64 %way, {step}
  %more = icmp slt i64 %following, %end
  br i1 %more, label %next, label %put
put:
  %least.age = call i64 @llvm.vector.reduce.smin.v{step}i64(<{step} x i64> %less)
  %oldest = and i64 %least.age, {kept}
  %new.tag = getelementptr i64, ptr %tags, i64 %oldest
  store i64 %line, ptr %new.tag
  %new.age = getelementptr i64, ptr %ages, i64 %oldest
  %now.at = shl i64 %clock, {bits}
  %now = or i64 %now.at, %oldest
  store i64 %now, ptr %new.age
  store i64 %oldest, ptr %place.p
  ret i1 false
}}
"""

_FETCH = """
define internal i64 @fetch(ptr %state, i64 %line, i64 %now) noinline {{
entry:
  %line.p = getelementptr i64, ptr %state, i64 {last_line}
  %entry.p = getelementptr i64, ptr %state, i64 {last_entry}
  %last = load i64, ptr %line.p
  %entered = load i64, ptr %entry.p
  %after = add i64 %last, 1
  %follows = icmp eq i64 %line, %after
  %ahead = and i1 %follows, {prefetch}
  %since = sub i64 %now, %entered
  store i64 %line, ptr %line.p
  store i64 %now, ptr %entry.p
  {held}
  br i1 %held, label %there, label %wait
there:
  ret i64 0
wait:
  %rest = sub i64 {cost}, %since
  %left = call i64 @llvm.smax.i64(i64 %rest, i64 0)
  %cycles = select i1 %ahead, i64 %left, i64 {cost}
  ret i64 %cycles
}}
"""

_READ = """
define internal i64 @read(ptr %state, i64 %place) noinline {{
entry:
  %line = lshr i64 %place, {shift}
  {held}
  %cycles = select i1 %held, i64 0, i64 {cost}
  ret i64 %cycles
}}
"""

_DIRECTION = f"""
define internal i64 @misled(ptr %state, i64 %slot, i1 %taken) noinline {{
entry:
  %word.p = getelementptr i64, ptr %state, i64 %slot
  %word = load i64, ptr %word.p
  %counter = and i64 %word, 3
  %run.s = lshr i64 %word, 2
  %run = and i64 %run.s, 63
  %last.s = lshr i64 %word, 8
  %last = and i64 %last.s, 63
  %regular = lshr i64 %word, 14
  %often = icmp uge i64 %counter, 2
  %steady = icmp ne i64 %regular, 0
  %same = icmp eq i64 %run, %last
  %ends = and i1 %steady, %same
  %goes.on = xor i1 %ends, true
  %foretold = and i1 %often, %goes.on
  %up = add i64 %counter, 1
  %up.held = call i64 @llvm.smin.i64(i64 %up, i64 3)
  %down = sub i64 %counter, 1
  %down.held = call i64 @llvm.smax.i64(i64 %down, i64 0)
  %longer = add i64 %run, 1
  %longer.held = call i64 @llvm.smin.i64(i64 %longer, i64 {op.LOOP_MOST + 1})
  %short = icmp sle i64 %run, {op.LOOP_MOST}
  %again = and i1 %same, %short
  %again.bit = zext i1 %again to i64
  %new.counter = select i1 %taken, i64 %up.held, i64 %down.held
  %new.run = select i1 %taken, i64 %longer.held, i64 0
  %new.last = select i1 %taken, i64 %last, i64 %run
  %new.regular = select i1 %taken, i64 %regular, i64 %again.bit
  %part.run = shl i64 %new.run, 2
  %part.last = shl i64 %new.last, 8
  %part.regular = shl i64 %new.regular, 14
  %some = or i64 %new.counter, %part.run
  %most = or i64 %part.last, %part.regular
  %all = or i64 %some, %most
  store i64 %all, ptr %word.p
  %wrong = xor i1 %foretold, %taken
  %bit = zext i1 %wrong to i64
  ret i64 %bit
}}

define internal i64 @mistargeted(ptr %state, i64 %slot, i64 %target) noinline {{
entry:
  %last.p = getelementptr i64, ptr %state, i64 %slot
  %last = load i64, ptr %last.p
  store i64 %target, ptr %last.p
  %other = icmp ne i64 %last, %target
  %bit = zext i1 %other to i64
  ret i64 %bit
}}
"""
PREDICTIONS = _DIRECTION


def _holds(cache: CacheShape) -> str:
    tags = cache.base + HEADER
    lines = cache.sets * cache.ways
    step = math.gcd(cache.ways, VECTOR)
    return _HOLDS.format(
        step=step, bits=PLACE_BITS, kept=PLACES,
        base=cache.base, clock=cache.base + C_CLOCK, tags=tags, ages=tags + lines,
        places=tags + 2 * lines, mask=cache.sets - 1, ways=cache.ways,
    )  # fmt: skip


def _held(cache: CacheShape | None) -> str:
    if cache is None:
        return "%held = icmp eq i64 0, 1"
    return f"%held = call i1 @holds{cache.base}(ptr %state, i64 %line)"


def flash_functions(flash: Flash) -> str:
    """`@fetch` waits for a line of instructions, `@read` for a constant at a flat offset."""
    caches = {cache for cache in (flash.code, flash.data) if cache is not None}
    steps = {math.gcd(cache.ways, VECTOR) for cache in caches}
    parts = [_MINIMA.format(step=step) for step in sorted(steps)]
    parts += [_holds(cache) for cache in sorted(caches, key=lambda each: each.base)]
    prefetch = "true" if flash.prefetch else "false"
    parts.append(
        _FETCH.format(
            last_line=op.S_LAST_LINE, last_entry=op.S_LAST_ENTRY, prefetch=prefetch,
            held=_held(flash.code), cost=flash.line_cost,
        )
    )  # fmt: skip
    parts.append(_READ.format(shift=flash.data_shift, held=_held(flash.data), cost=flash.data_cost))
    return "".join(parts)
