"""Numbers that the decoder and the compiled loop share: operations, registers, row layout.

Every Thumb instruction becomes one row of eight int32 (see `ROW`), holding one of the
operations below. The decoder folds what it can into operands, so that few operations
remain: `CMP` is `SUBS` into `SINK`, `MOV` is an operand alone, an address relative to the
program counter is `ZERO` plus a constant.
"""

from __future__ import annotations

# Register numbers in a row: r0..r14, then the two that make special cases disappear.
SP, LR, PC = 13, 14, 15
ZERO = 16  # reads as 0, is never written
SINK = 17  # takes results that nobody wants, is never read
S0 = 18  # the floating point registers s0..s31; a double is two of them, low word first
REGISTERS = S0 + 32

# One row a halfword, eight int32 each.
ROW_SHIFT = 3
ROW = 1 << ROW_SHIFT
(
    R_OP,  # operation, plus PRESHIFT when the second operand needs the barrel shifter
    R_REGISTERS,  # rd | rn << 8 | rm << 16 | ra << 24
    R_IMMEDIATE,  # constant of the second operand, branch target or register list
    R_SHIFT,  # lsl | writeback << 8 | kind << 16 | amount << 20 | carry << 28
    R_FLOW,  # condition | IT state << 8 | halfwords << 16 | variable-time class << 20
    R_TIMING,  # for each pipeline state 0..3 a byte: cycles | next state << 6
    R_DETOUR,  # bytes: cycles | state when skipped; when taken; when mispredicted; flags
    R_EXTRA,  # return address, write-back amount, mask or width, by operation
) = range(8)

PRESHIFT = 0x100
# A row at which translated code begins has −(entry + 1) << MARK_SHIFT in place of its operation.
# An entry is ENTRY int64: the code's address, its counters' address, the operation.
MARK_SHIFT, ENTRY_SHIFT = 9, 2
ENTRY = 1 << ENTRY_SHIFT
AS_DONE = 63  # R_DETOUR's cycles: what is skipped takes what it would have taken
LSL, LSR, ASR, ROR, RRX, IMMEDIATE_CARRY = range(6)

(
    UNDECODED,  # must be zero: memory starts out undecoded
    UNDEFINED,
    SYSTEM,  # done in Python: system registers, SVC, WFI, breakpoints
    NOP,
    MOV,
    ADD,
    SUB,
    RSB,
    ADC,
    SBC,
    AND,
    ORR,
    EOR,
    BIC,
    ORN,
    MOVS,
    ADDS,
    SUBS,
    RSBS,
    ADCS,
    SBCS,
    ANDS,
    ORRS,
    EORS,
    BICS,
    ORNS,
    ADD_SP,
    SUB_SP,
    LSLS_IMM,
    LSRS_IMM,
    ASRS_IMM,
    LSR_IMM,
    ASR_IMM,
    SHIFT_REG,
    MOVT,
    MUL,
    MULS,
    MLA,
    MLS,
    UMULL,
    SMULL,
    UMLAL,
    SMLAL,
    UMAAL,
    UDIV,
    SDIV,
    SXTAB,
    SXTAH,
    UXTAB,
    UXTAH,
    BFI,
    UBFX,
    SBFX,
    REV,
    REV16,
    REVSH,
    RBIT,
    CLZ,
    PKHBT,
    PKHTB,
    SEL,
    SSAT,
    USAT,
    PARALLEL,
    DSP,
    DSP_LONG,
    B,
    BL,
    BX,
    BLX,
    JUMP,
    CBZ,
    CBNZ,
    TBB,
    TBH,
    LDR,
    LDRB,
    LDRH,
    LDRSB,
    LDRSH,
    LDR_SP,
    LDR_PC,
    STR,
    STRB,
    STRH,
    LDRD,
    STRD,
    LDM,
    STM,
    LOAD_ALIGNED,
    STORE_ALIGNED,
    STREX,
    CLREX,
    VFP,  # floating point: everything from here on needs the unit
    VFP_FLAGS,  # FPSCR's conditions to N, Z, C, V
    VFP_LOAD,
    VFP_STORE,
) = range(97)

# Kinds of DSP: one 32-bit result, may set Q.
(
    SMLA_XY,
    SMLAW_Y,
    SMLAD,
    SMLSD,
    SMMLA,
    SMMLS,
    USADA8,
    QADD,
    QSUB,
    QDADD,
    QDSUB,
    SSAT16,
    USAT16,
    SXTAB16,
    UXTAB16,
) = range(15)

# Kinds of DSP_LONG: a 64-bit accumulator in two registers.
SMLAL_XY, SMLALD, SMLSLD = range(3)

# Kinds of VFP, in the low byte of R_EXTRA; the formats of source and result stand above it.
(
    V_ADD,
    V_SUB,
    V_MUL,
    V_NMUL,
    V_MLA,
    V_FMA,
    V_DIV,
    V_SQRT,
    V_ABS,
    V_NEG,
    V_MOV,
    V_CONSTANT,
    V_CMP,
    V_MAXNM,
    V_MINNM,
    V_SEL,
    V_RINT,
    V_TO_INTEGER,
    V_FROM_INTEGER,
    V_CONVERT,
    V_TO_CORE,
    V_FROM_CORE,
    V_MOV_TWO,
    V_MRS,
    V_MSR,
) = range(25)
V_KIND, V_SOURCE, V_RESULT = 0xFF, 8, 10  # mask, and shifts of the two formats
HALF, SINGLE, DOUBLE = range(3)

# Options of VFP kinds, in R_IMMEDIATE.
NEGATE_PRODUCT, NEGATE_ADDEND = 1, 2  # V_MLA, V_FMA
QUIET_RAISES, WITH_ZERO = 1, 2  # V_CMP
# V_RINT, V_TO_INTEGER, V_FROM_INTEGER: a mode, a flag, bits of fraction, size.
MODE_DYNAMIC, EXACT, SIGNED, FRACTION_SHIFT, SIZE_SHIFT = 7, 8, 8, 4, 10
TOP_SOURCE, TOP_RESULT = 1, 2  # V_CONVERT: which half of a word holds the half precision number

# Rounding modes as FPSCR has them, and one that only instructions name.
NEAREST, UP, DOWN, TO_ZERO, AWAY = range(5)
# Bits of FPSCR.
IOC, DZC, OFC, UFC, IXC, IDC = 1, 2, 4, 8, 16, 128
FPSCR_MODE, FZ, DN, AHP = 22, 1 << 24, 1 << 25, 1 << 26
FPSCR_MASK = 0xF7C0009F

# What SYSTEM rows ask of Python; the kind stands in R_SHIFT's kind field.
SVC, BKPT, MSR, MRS, CPS, WFI, WFE, SEV, TT, UDF = range(10)

# Variable-time classes of R_FLOW.
FIXED, DIVIDES, LONG_MULTIPLY = range(3)

# Why the compiled loop came back; up to R_FLOATING the row's instruction has not been done.
(
    R_LIMIT,  # as many instructions as asked
    R_DEADLINE,  # the cycle at which a timer or the cycle limit wants attention
    R_DECODE,  # execution reached a row that is not decoded
    R_UNDEFINED,
    R_SYSTEM,
    R_ACCESS,  # a data access outside plain memory: peripheral or fault
    R_DIVIDE,  # division by zero, while trapping
    R_FLOATING,  # a floating point instruction while the unit is not ready for it
    R_FETCH,  # a branch to where no memory is: exception return, sentinel or fault
    R_STATE,  # a branch that would leave Thumb state
    R_STACK,  # the stack pointer passed the limit
    RUNNING,  # no reason yet
) = range(12)

# Slots of the state vector (int64).
(
    S_AT,  # row of the next instruction
    S_N,
    S_Z,
    S_C,
    S_V,
    S_Q,
    S_GE,
    S_CYCLES,
    S_INSTRUCTIONS,
    S_PIPELINE,
    S_STALLS,
    S_DEADLINE,
    S_FAULT,  # address of the access or branch that failed
    S_FAULT_SIZE,  # in bytes
    S_FAULT_STORE,  # 1 for a store
    S_FAULT_VALUE,  # what was to be stored
    S_MAIL,  # 1: Python has done the access; S_MAIL_VALUE is what was loaded
    S_MAIL_VALUE,
    S_EXCLUSIVE,  # address of the open exclusive access, or -1
    S_STACK_LOW,
    S_STACK_LIMIT,
    S_STRICT,  # 1: every misaligned access faults (Armv6-M)
    S_FLASH_READS,
    S_FLASH_WAIT,  # wait states of a data read from flash
    S_LINE,  # line of flash that was fetched last
    S_LINE_SHIFT,  # log2 of rows a line; 62 where flash has no wait states
    S_TRAP_DIVIDE,
    S_DIVIDE_BASE,  # extra cycles of a division that ends at once
    S_DIVIDE_BITS,  # quotient bits a cycle
    S_DIVIDE_MOST,  # the most cycles that these two come to
    S_LONG_MULTIPLY,  # 1: long multiplies take longer for longer operands (Cortex-M3)
    S_LINE_COST,  # wait states of a line of flash that is not buffered
    S_FLASH_ROWS,  # rows below this are flash
    S_PREFETCH,  # 1: the line after the last one is fetched ahead
    S_LAST_LINE,  # line that was entered last, and the cycle at which it was
    S_LAST_ENTRY,
    S_CODE_CACHE,  # slot where the cache of instructions starts, 0 for a single line buffer
    S_DATA_CACHE,  # of the cache of constants, likewise; the same where they share one
    S_DATA_SHIFT,  # log2 of bytes a line of flash
    S_SOURCES,  # which sources the loop was compiled from
    S_MISALIGNED_EVEN,  # extra cycles of an access in two transfers
    S_MISALIGNED_ODD,  # of one in three: a word at an odd address
    S_MISALIGNED_STORE,  # 1: stores, too
    S_FPSCR,
    S_FP_READY,  # address of the unit's function; 0 where Python has to look first
    S_FP_BUSY,  # cycle up to which a division or square root holds the unit
    S_FP_LONG,  # cycles beyond its own for which it does
    S_LOADED,  # address of the last load, for the bank of the next
) = range(48)
# The branch predictor follows the slots: directions, then targets (edgesnn.sim.core.predict);
# then the caches of flash (edgesnn.sim.core.cache).
PREDICTORS = 256
LOOP_MOST = 31
S_PREDICTORS = 64
S_TARGETS = S_PREDICTORS + PREDICTORS
STATE = S_TARGETS + PREDICTORS

# Flags in the low bits of a page's entry.
PAGE_SHIFT = 12
PAGE = 1 << PAGE_SHIFT
WRITABLE, CODE, FLASH = 1, 2, 4
UNMAPPED = -1
