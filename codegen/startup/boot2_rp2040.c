/* SPDX-License-Identifier: MIT-0
 *
 * The second stage of the RP2040's boot: the boot ROM copies the first 256 bytes of flash to RAM,
 * checks the CRC in the last word (edgesnn.codegen.boot2 computes it) and jumps there with nothing
 * set up but a stack. This sets the SSI to turn each read of the flash window into serial command
 * 03h with a 24-bit address, which every flash chip knows, at clk_sys / 4: 33 MHz, where a W25Q080
 * allows 50. Then it starts the image behind it. (RP2040 data sheet, sections 2.8.1.3 and 4.10.)
 */
__attribute__((section(".boot2"), used, naked)) void edgesnn_boot2(void)
{
    __asm__ volatile(
        "ldr r3, 1f\n"           /* SSI */
        "movs r1, #0\n"
        "str r1, [r3, #0x08]\n"  /* SSIENR: off while it is set up */
        "movs r1, #4\n"
        "str r1, [r3, #0x14]\n"  /* BAUDR */
        "ldr r1, 2f\n"
        "str r1, [r3, #0x00]\n"  /* CTRLR0 */
        "movs r1, #0\n"
        "str r1, [r3, #0x04]\n"  /* CTRLR1: one frame a read */
        "ldr r1, 3f\n"
        "movs r0, #0xf4\n"
        "str r1, [r3, r0]\n"     /* SPI_CTRLR0 */
        "movs r1, #1\n"
        "str r1, [r3, #0x08]\n"
        "ldr r0, 4f\n"           /* the image's vector table */
        "ldr r1, 5f\n"
        "str r0, [r1]\n"
        "ldmia r0!, {r1, r2}\n"
        "msr msp, r1\n"
        "bx r2\n"
        ".balign 4\n"
        "1: .word 0x18000000\n"
        "2: .word 0x001f0300\n"  /* standard frames of 32 bits; command, address, then data */
        "3: .word 0x03000218\n"  /* 03h, 8 bits of command, 24 of address */
        "4: .word 0x10000100\n"
        "5: .word 0xe000ed08\n");
}
