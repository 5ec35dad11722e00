/* SPDX-License-Identifier: MIT-0
 *
 * The end of a program on a board without a debugger: say the status and sleep for ever.
 */
#include "platform.h"

#include "edgesnn_board.h"
#include "edgesnn_say.h"

void edgesnn_exit(uint32_t status)
{
    edgesnn_say("exit ");
    edgesnn_say_hexadecimal(status);
    edgesnn_say("\r\n");
    for (;;) {
        edgesnn_sleep();
    }
}
