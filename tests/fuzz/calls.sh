#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The fuzzer of calls as libFuzzer's own programs are called, by a person and by itself (-merge=1
# starts others). VMLAB_FUZZ: the program and its options.
arguments=$0
for argument; do arguments=$arguments,$argument; done
exec $VMLAB_FUZZ test=mm_random.fuzz "fuzz.args=$arguments"
