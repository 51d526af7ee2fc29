/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "platform.h"

/*
 * What this processor is and can do, by CPUID (Intel SDM vol. 2A, CPUID). platform_cpu_features()
 * answers from what cpu_features_init() found.
 */
void cpu_features_init(void);
/* On another processor, in the firmware's world: NULL, or a word for what it has not, and the first
 * one has, so that it could not work beside that one. */
const char *cpu_features_lacking(void);

/* The levels of the firmware's paging mode; and chooses those that we run in, before anybody asks.
 */
unsigned int cpu_firmware_levels(void);
void cpu_choose_levels(unsigned int levels);

/* The brand string without the blanks around it, or the vendor's name; never empty. */
void cpu_name(char *buffer, size_t size);
/* The features that matter here as words: "nx pge 1g smep". */
void cpu_feature_words(char *buffer, size_t size);
/* Signature of the hypervisor, 12 characters and a NUL; empty on bare metal. */
void cpu_hypervisor(char signature[13]);
/* Whether caches stay coherent when one line is seen with two memory types. */
bool cpu_snoops_itself(void);
/* SEV or TDX: memory is encrypted, and tables without the right bits would read noise. */
bool cpu_is_encrypted_guest(void);
