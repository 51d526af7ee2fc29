# SPDX-License-Identifier: BSD-2-Clause
#
# Part of the Makefile: the random driver's calls, chosen by what of mm/ and pagetables/ they reach.

# The suites' program with libFuzzer inside, by clang; what only checks is not watched.
FUZZ_FLAGS := $(filter-out -Wno-stringop-overflow,$(HOST_FLAGS)) $(HOST_ASAN)
FUZZ_WATCH := -fsanitize-coverage=inline-8bit-counters,pc-table
FUZZ_OBJECTS := $(HOST_SOURCES:%=$(O)/fuzz/%.o) $(O)/fuzz/tests/fuzz/calls_fuzz.c.o \
	$(O)/fuzz/symbols.o
FUZZ_WATCHED := $(filter $(O)/fuzz/mm/% $(O)/fuzz/pagetables/%,$(FUZZ_OBJECTS))
$(filter-out %/space_check.c.o %/slab_check.c.o,$(FUZZ_WATCHED)): EXTRA := $(FUZZ_WATCH)

$(O)/fuzz.flags: FORCE | $(SETUP)
	@mkdir -p $(@D); echo '$(FUZZ_CC) $(FUZZ_FLAGS) $(FUZZ_WATCH)' >$@.new; \
	cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(O)/fuzz/%.o: % $(O)/fuzz.flags
	@mkdir -p $(@D)
	$(call say,FUZZCC)$(FUZZ_CC) $(FUZZ_FLAGS) $(EXTRA) -MMD -MP -c -o $@ $<

$(O)/fuzz/symbols.o: $(L)/symbols-0.S
	$(call say,FUZZCC)$(FUZZ_CC) $(FUZZ_FLAGS) -c -o $@ $<

$(O)/vmlab-fuzz: $(FUZZ_OBJECTS)
	$(call say,FUZZLD)$(FUZZ_CC) $(FUZZ_FLAGS) -o $@ $^ -lstdc++ \
		$$($(FUZZ_CC) --rtlib=compiler-rt -print-libgcc-file-name | sed s/builtins/fuzzer_no_main/)

# The corpus is kept with the functions' names, and runs again in make test.
CALLS_CORPUS := tests/fuzz/corpus/calls.steps
CALLS_MACHINE := mem=64M cpus=1 seed=1
CALLS_REPLAY := test=mm_random.steps steps.file=$(CALLS_CORPUS) $(CALLS_MACHINE)
fuzz-calls: $(O)/vmlab-fuzz
	@$(PYTHON) tests/fuzz/calls.py $< $(CALLS_CORPUS) $(O)/corpus/calls $(or $(SECONDS),60) \
		$(CALLS_MACHINE)
