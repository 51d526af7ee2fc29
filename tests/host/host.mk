# SPDX-License-Identifier: BSD-2-Clause
#
# Part of the Makefile: the suites as a process of this machine.

HOST_FLAGS := $(COMMON_FLAGS) -I tests/host -I efi -O1 -pthread \
	$(call NOT_CLANG,$(HOST_CC),-Wno-stringop-overflow) $(CFLAGS)

# $(1): name of the build, $(2): flags. It is made of $(1)_SOURCES, by $(1)_CC, where these are set.
define HOST_BUILD
$(1)_OBJECTS := $$(patsubst %,$(O)/$(1)/%.o,$$(or $$($(1)_SOURCES),$$(HOST_SOURCES))) \
	$(O)/$(1)/symbols.o
ifneq ($(EXPERIMENTS),)
$(1)_OBJECTS += $$(EXPERIMENT_SUPPORT:%=$(O)/$(1)/%.o) $$(EXPERIMENT_FILES:%=$(O)/$(1)/outside%.o)
endif

$(O)/$(1).flags: FORCE | $(SETUP)
	@mkdir -p $$(@D); echo '$$(or $$($(1)_CC),$(HOST_CC)) $(HOST_FLAGS) $(2)' >$$@.new; \
	cmp -s $$@.new $$@ && rm $$@.new || mv $$@.new $$@

$(O)/$(1)/mm/% $(O)/$(1)/pagetables/%: EXTRA := -Wconversion
$(O)/$(1)/tests/experiments/%: EXTRA := $(EXPERIMENT_FLAGS)

$(O)/$(1)/%.o: % $(O)/$(1).flags
	@mkdir -p $$(@D)
	$$(call say,HOSTCC)$$(or $$($(1)_CC),$(HOST_CC)) $(HOST_FLAGS) $(2) $$(EXTRA) -MMD -MP -c -o $$@ $$<

$(O)/$(1)/outside/%.c.o: /%.c $(O)/$(1).flags
	@mkdir -p $$(@D)
	$$(call say,HOSTCC)$$(or $$($(1)_CC),$(HOST_CC)) $(filter-out $(WARNINGS),$(HOST_FLAGS)) $(2) \
		$$(OUTSIDE_FLAGS) -MMD -MP -c -o $$@ $$<

$(O)/$(1)/symbols.o: $(L)/symbols-0.S
	@mkdir -p $$(@D)
	$$(call say,HOSTCC)$$(or $$($(1)_CC),$(HOST_CC)) $(HOST_FLAGS) $(2) -c -o $$@ $$<

$(L)/vmlab-$(1): $$($(1)_OBJECTS) $(L)/link.files
	$$(call say,HOSTLD)$$(or $$($(1)_CC),$(HOST_CC)) $(HOST_FLAGS) $(2) -o $$@ $$($(1)_OBJECTS)
endef

# The simulated machine's upper half lies where the sanitizer's own memory is not. With sanitizers
# there are the checks of a debug build too, of the order of locks among them.
HOST_WINDOW := -DLAYOUT_WINDOW_START=0x200000000000 -DLAYOUT_WINDOW_END=0x400000000000
HOST_ASAN := $(HOST_WINDOW) -DDEBUG -fsanitize=address,undefined -fno-sanitize-recover=undefined
HOST_TSAN := -fsanitize=thread -DUNDER_TSAN -DDEBUG \
	-DLAYOUT_WINDOW_START=0x1000000000 -DLAYOUT_WINDOW_END=0x5000000000
$(eval $(call HOST_BUILD,host,$$(HOST_ASAN)))
$(eval $(call HOST_BUILD,tsan,$$(HOST_TSAN)))
$(eval $(call HOST_BUILD,fast,$$(HOST_WINDOW)))
HOST_COV := $(HOST_WINDOW) -O0 -fno-inline -include tests/host/coverage.h --coverage \
	-fprofile-update=atomic -u __gcov_dump
$(eval $(call HOST_BUILD,cov,$$(HOST_COV)))

# Conditions that decide alone (MC/DC) take clang 18 or newer. What a condition is expected to be is
# left out, for it would end the decision there.
MCDC_CC ?= $(or $(firstword $(foreach n,22 21 20 19 18,$(notdir \
	$(wildcard $(addsuffix /clang-$(n),$(subst :, ,$(PATH))))))),clang)
MCDC_COVER := -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc
mcdc_CC = $(MCDC_CC)
$(eval $(call HOST_BUILD,mcdc,$$(HOST_WINDOW) -O0 -Dlikely= -Dunlikely= $$(MCDC_COVER) \
	-fprofile-update=atomic -Wno-unknown-warning-option -Wno-unused-command-line-argument \
	-Wno-pgo-coverage -Wno-parentheses-equality -Xlinker --defsym=__gcov_dump=__llvm_profile_write_file))
$(O)/mcdc.flags: | mcdc-compiler
mcdc-compiler:
	@echo 'int main(void) { return 0; }' | \
		$(MCDC_CC) $(MCDC_COVER) -x c -o /dev/null - 2>/dev/null && \
		command -v $(subst clang,llvm-cov,$(MCDC_CC)) >/dev/null || { \
		echo "make coverage-mcdc needs clang 18 or newer (Debian 12: the packages clang-19" \
			"llvm-19 libclang-rt-19-dev; another one: MCDC_CC=)" >&2; exit 1; }

# What plays the hardware is left out: its locks would order what the code under test does not.
$(foreach file,machine registers mmu translations trap,$(O)/tsan/tests/host/$(file).c.o): \
	EXTRA := -fno-sanitize=thread

test-host: $(L)/vmlab-host
	$(Q)$< $(OPTIONS)

test-tsan: $(L)/vmlab-tsan
	$(Q)$< $(OPTIONS)

# Every case where a structure is small: without sanitizers, for there are many.
SMALL := small.free_space,small.areas,small.buddy
test-small: $(L)/vmlab-fast $(O)/small-tables
	$(Q)$(O)/small-tables
	$(Q)$< test=$(SMALL)

# Page tables of four entries, and nothing around them.
TINY_SOURCES := $(wildcard tests/small/tables/*.c) $(addprefix pagetables/,held.c map.c mtrr.c protect.c \
	reclaim.c tables.c unmap.c walk.c lib/assert.c lib/format.c lib/lock.c)
TINY_FLAGS := $(HOST_FLAGS) -O2 -DTABLE_INDEX_BITS=2
$(O)/tiny/%.o: % tests/host/host.mk
	@mkdir -p $(@D)
	$(call say,HOSTCC)$(HOST_CC) $(TINY_FLAGS) -MMD -MP -c -o $@ $<

$(O)/small-tables: $(TINY_SOURCES:%=$(O)/tiny/%.o)
	$(call say,HOSTLD)$(HOST_CC) $(TINY_FLAGS) -o $@ $^

# Mixed calls at random against a plain model; what fails is shrunk to a short list of calls.
RANDOM_DRIVER := $(PYTHON) tests/driver/random.py $(L)/vmlab-host

soak: $(L)/vmlab-host
	@$(RANDOM_DRIVER) steps=$(or $(STEPS),10000000) $(if $(SEED),seed=$(SEED)) $(if $(CPUS),test=cpus cpus=$(CPUS)) $(OPTIONS)
