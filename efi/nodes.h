/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "srat.h"

/*
 * The nodes of this machine, read once with the gate open from what the firmware says (srat.h).
 * Where it says nothing, or what cannot be true, there is one node.
 */

/* After firmware_map_read(), before memory is taken: the map says what may be looked at. */
void nodes_read(void);
/* What was read; no parts and no processors when there is one node. */
const struct srat *nodes_table(void);
/* A line for what was read; one a node with the bytes that were taken of it; and this CPU's. */
void nodes_log(void);
/* The node of the processor with that APIC id. */
unsigned int nodes_of_cpu(uint32_t id);
