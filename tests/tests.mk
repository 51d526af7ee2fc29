# SPDX-License-Identifier: BSD-2-Clause
#
# Part of the Makefile: make test, and what is beyond it; the port; benchmarks.

# The port: mm/ and pagetables/ in a kernel of its own, with nothing of efi/ or libc. --------------

PORT_SOURCES := $(wildcard tests/port/*.c tests/port/*.S pagetables/*.c pagetables/*.S \
	pagetables/lib/*.c mm/*.c)
PORT_OBJECTS := $(PORT_SOURCES:%=$(O)/port/%.o) $(O)/port/symbols.o
PORT_FLAGS := $(COMMON_FLAGS:tests/runner=tests/port) -O2 -ffreestanding -nostdinc \
	-isystem "$$($(CC) -print-file-name=include)" -fno-pie -mno-red-zone -mgeneral-regs-only \
	-fcf-protection=none -fno-asynchronous-unwind-tables -fno-stack-protector \
	$(call NOT_CLANG,$(CC),-Wno-stringop-overflow) $(CFLAGS)

$(O)/port.flags: FORCE | $(SETUP)
	@mkdir -p $(@D); echo '$(CC) $(PORT_FLAGS)' >$@.new; \
	cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(O)/port/%.o: % $(O)/port.flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(PORT_FLAGS) -MMD -MP -c -o $@ $<

$(O)/port/symbols.o: $(L)/symbols-0.S $(O)/port.flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(PORT_FLAGS) -c -o $@ $<

$(O)/port.elf: $(PORT_OBJECTS) tests/port/port.lds
	$(call say,LD)$(LD) -nostdlib -static -z noexecstack -z max-page-size=4096 \
		--defsym=ImageBase=0x200000 -T tests/port/port.lds -o $@ $(PORT_OBJECTS)

port: $(O)/port.elf
	@$(TEST) --only port.runs && cat $(O)/test/port.runs/debug.log

# The list of options, which README.md and disk/vmlab.cfg have too. -----------------------------

OPTIONS_TABLE := $(O)/options-table
OPTIONS_TABLE_SOURCES := tests/host/tool/options_table.c pagetables/lib/format.c \
	$(addprefix efi/,option_value.c options.c options_show.c options_table.c)

$(OPTIONS_TABLE): $(OPTIONS_TABLE_SOURCES) $(wildcard efi/option*.h) | $(SETUP)
	@mkdir -p $(@D)
	$(call say,HOSTCC)$(HOST_CC) $(HOST_FLAGS) -o $@ $(OPTIONS_TABLE_SOURCES)

help-options: $(OPTIONS_TABLE)
	@$< help

options: $(OPTIONS_TABLE)
	@$(PYTHON) tests/qemu/options.py $< write

# Tests. -----------------------------------------------------------------------------------------

TEST_FILES := $(OPTIONS_TABLE) $(L)/vmlab.img $(L)/vmlab.so $(L)/loader.efi $(L)/mp_shim.efi \
	$(O)/port.elf
TEST := $(PYTHON) tests/qemu/test.py --build $(O)

# What an option changes: the suites, without the random driver.
SUITES := test=!mm_random*

test: $(TEST_FILES) $(L)/vmlab-host $(L)/vmlab-tsan $(L)/vmlab-fast $(O)/small-tables \
		$(L)/vmlab-lines $(O)/parsers $(O)/refusals $(BUILD)/setup-test.stamp
	@$(TEST) --program host=$(L)/vmlab-host \
		--program "lines=$(L)/vmlab-lines test=sharing cpus=4 seed=1" \
		--program "random=$(RANDOM_DRIVER) steps=1000000" \
		--program "small=$(L)/vmlab-fast test=$(SMALL)" \
		--program "small-tables=$(O)/small-tables" \
		--program "parsers=$(O)/parsers tests/fuzz/corpus" --program refusals=$(O)/refusals \
		--program "calls=$(L)/vmlab-host $(CALLS_REPLAY)" \
		--program "bench=$(BENCH) check $(O)/vmlab.efi $(O) $(BASELINE)" \
		--program "host-5level=$(L)/vmlab-host levels=5 nodes=2 poison=on cpus=2" \
		--program "host-random=$(L)/vmlab-fast $(SUITES) place=random poison=on guard=17" \
		--program "host-top=$(L)/vmlab-fast $(SUITES) place=top quarantine=4096 cache=off" \
		--program "host-pagealloc=$(L)/vmlab-fast $(SUITES) place=best debug=pagealloc" \
		--program "tsan=$(L)/vmlab-tsan cpus=4"

# Parsers, fed with anything: what libFuzzer has found is kept, and run again in make test.
PARSERS := options acpi memory_map
PARSER_SOURCES := $(PARSERS:%=tests/fuzz/parse_%.c) tests/fuzz/parse_world.c pagetables/lib/format.c \
	$(addprefix efi/,acpi.c madt.c map_spans.c memory_plan.c option_value.c srat.c text.c) \
	$(filter-out efi/options_efi.c,$(wildcard efi/options*.c))
PARSER_FLAGS := $(HOST_FLAGS) -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_CC ?= clang
$(O)/parsers: $(PARSER_SOURCES) tests/fuzz/parse_replay.c $(wildcard efi/*.h tests/fuzz/*.h) tests/tests.mk | $(SETUP)
	@mkdir -p $(@D)
	$(call say,HOSTCC)$(HOST_CC) $(PARSER_FLAGS) -o $@ $(filter %.c,$^)

fuzz-parsers: | $(SETUP)
	@mkdir -p $(O)
	@for parser in $(PARSERS); do \
		$(FUZZ_CC) $(PARSER_FLAGS) -fsanitize=fuzzer -DPARSER=parse_$$parser \
			-o $(O)/fuzz-$$parser $(PARSER_SOURCES) tests/fuzz/parse_fuzz.c && \
		mkdir -p $(O)/corpus/$$parser && \
		$(O)/fuzz-$$parser -max_total_time=$(or $(SECONDS),60) -max_len=2048 -timeout=10 \
			-artifact_prefix=$(O)/fuzz-$$parser- $(O)/corpus/$$parser \
			tests/fuzz/corpus/$$parser && \
		rm -rf $(O)/corpus/$$parser.min && mkdir $(O)/corpus/$$parser.min && \
		$(O)/fuzz-$$parser -merge=1 -max_len=1024 $(O)/corpus/$$parser.min \
			tests/fuzz/corpus/$$parser $(O)/corpus/$$parser || exit 1; done
	@echo "Minimized: $(O)/corpus/*.min, to take the place of tests/fuzz/corpus/*"

# What of efi/ asks for memory and files, against a firmware that refuses each call in turn.
REFUSALS_SOURCES := $(wildcard tests/host/efi/*.c efi/options*.c) $(addprefix efi/,firmware.c \
	acpi.c acpi_tables.c apic.c firmware_map.c memory_map.c memory_plan.c memory_proof.c map_spans.c nodes.c \
	option_value.c srat.c text.c volume.c) pagetables/lib/format.c pagetables/lib/assert.c
$(O)/refusals: $(REFUSALS_SOURCES) $(wildcard efi/*.h tests/host/efi/*.h) tests/tests.mk | $(SETUP)
	@mkdir -p $(@D)
	$(call say,HOSTCC)$(HOST_CC) $(PARSER_FLAGS) -fshort-wchar -DGNU_EFI_USE_MS_ABI \
		-isystem $(EFI_INCLUDE) -isystem $(EFI_INCLUDE)/x86_64 -o $@ $(filter %.c,$^)

test-refusals: $(O)/refusals
	$(Q)$<

# Proofs, where CBMC is: Debian has it from 13 on. CBMC_ROOT is a folder with such a system.
prove:
	@[ -n "$(CBMC_ROOT)" ] || command -v $(CBMC) >/dev/null || { \
		echo "make prove needs the package cbmc (Debian 13), or CBMC_ROOT=" >&2; exit 1; }
	@$(PYTHON) tests/proofs/prove.py $(O)/proofs $(HOST_CC) $(PROOFS)

# Which lines and branches of mm/ and pagetables/ the suites on the host run; and which conditions
# they show to decide alone.
QUICK := $(SUITES),!fail_walk*
HUGE := test=vmalloc.*,vrealloc.*,vmap*,page_alloc.*,page_runs.*,area_edges.*
COVERAGE_RUNS := "$(SUITES)" "$(SUITES) levels=5 nodes=2 poison=on cpus=2" \
	"$(SUITES) place=random poison=on guard=17" "$(QUICK) mem=24M" \
	"$(QUICK) place=top quarantine=4096 cache=off" "$(QUICK) kaslr=off cpus=1" \
	"$(QUICK) place=best debug=pagealloc kaslr=linux" "$(HUGE) mem=6G" \
	"test=vmalloc.* cpus=64" "test=small.buddy" "test=page_runs.scattered" "test=mm_random.mixed mixed.steps=200000"

coverage: $(L)/vmlab-cov
	@find $(O)/cov -name '*.gcda' -delete
	$(Q)for options in $(COVERAGE_RUNS); do \
		$< seed=1 $$options >$(O)/cov.log || { cat $(O)/cov.log; exit 1; }; done
	@$(PYTHON) tests/coverage.py $(O)/cov "$(or $(GCOV),gcov)"

coverage-mcdc: export LLVM_PROFILE_FILE = $(O)/mcdc/%p.profraw
coverage-mcdc: $(L)/vmlab-mcdc
	@rm -f $(O)/mcdc/*.profraw
	$(Q)for options in $(COVERAGE_RUNS); do \
		$< seed=1 $$options >$(O)/mcdc.log || { cat $(O)/mcdc.log; exit 1; }; done
	@$(subst clang,llvm-profdata,$(MCDC_CC)) merge -sparse -o $(O)/mcdc.profdata $(O)/mcdc/*.profraw
	@$(PYTHON) tests/mcdc.py $< $(O)/mcdc.profdata $(subst clang,llvm-cov,$(MCDC_CC))

# One small change after the other to mm/ and pagetables/: which of them do the suites notice?
# EMPTY=1: the body of each public function instead, and no random driver to notice.
ifneq ($(EMPTY),)
mutate: $(L)/vmlab-fast
	@$(PYTHON) tests/mutation/empty.py --sources "$(HOST_SOURCES)" --only "$(or $(ONLY),*)" \
		$(if $(AGAIN),--again $(AGAIN)) \
		--build "fast=$(HOST_CC) $(HOST_FLAGS) $(HOST_WINDOW)" --run "fast $(SUITES)" \
		--run "fast $(SUITES) levels=5 nodes=2 poison=on cpus=2"
else
# Later, what survives: other options, CPUs under ThreadSanitizer, the random driver, the other
# sanitizers, every small case.
MUTATE_QUICK := !mm_random*,!fail_walk*
mutate: $(L)/vmlab-fast $(L)/vmlab-host $(L)/vmlab-tsan
	@$(PYTHON) tests/mutation/mutate.py --nr $(or $(NR),500) $(if $(SEED),--seed $(SEED)) \
		--only "$(or $(ONLY),*)" $(if $(AGAIN),--again $(AGAIN)) $(if $(FIRST),--first) \
		$(if $(NAMES),--names $(NAMES)) \
		--jobs $(or $(JOBS),2) --sources "$(HOST_SOURCES)" $(if $(LOG),--log $(LOG)) \
		--build "fast=$(HOST_CC) $(HOST_FLAGS) $(HOST_WINDOW)" \
		--build "host=$(HOST_CC) $(HOST_FLAGS) $(HOST_ASAN)" \
		--build "tsan=$(HOST_CC) $(HOST_FLAGS) $(HOST_TSAN)" \
		--run "fast test=@own" --run "fast levels=5 nodes=3 poison=on test=@own" \
		--run "fast place=best debug=pagealloc test=@own" \
		--run "fast test=$(MUTATE_QUICK)" --run "fast test=fail_walk*,!fail_walk.pairs" \
		--later "fast levels=5 nodes=2 poison=on cpus=2 test=!mm_random*,!fail_walk.pairs" \
		--later "tsan cpus=4 test=*cpus*,handler*,tlb*" \
		--later "fast place=top quarantine=4096 cache=off test=$(MUTATE_QUICK)" \
		--later "fast place=random poison=on guard=17 test=$(MUTATE_QUICK)" \
		--later "fast@pagetables/layout* kaslr=linux test=$(MUTATE_QUICK)" \
		--later "fast test=mm_random*,fail_walk.pairs mixed.steps=100000" \
		--later "fast@mm/free_* test=small.free_space" \
		--later "fast@mm/*area* test=small.areas" --later "fast@mm/buddy* test=small.buddy" \
		--later "host test=!mm_random*,!fail_walk.pairs" \
		--later "fast@mm/*a* place=best debug=pagealloc test=$(MUTATE_QUICK)"
endif

# Benchmarks. ------------------------------------------------------------------------------------

BENCH := $(PYTHON) tests/bench/bench.py
BASELINE := tests/bench/baseline.json

bench: $(O)/vmlab.efi
	@$(BENCH) run $< $(O) $(OPTIONS)

bench-check: $(O)/vmlab.efi
	@$(BENCH) check $< $(O) $(BASELINE)

bench-keep:
	@$(BENCH) keep $(O) $(BASELINE)

bench-peer: $(O)/vmlab.efi
	@$(PYTHON) tests/bench/peer.py $< $(O) "$(PEER)"

bench-profile: $(O)/vmlab.efi
	@$(PYTHON) tests/bench/profile.py $< $(O)/vmlab.so $(O)/bench-profile $(or $(ROW),fix_size_1)

test-image: $(TEST_FILES)
	@$(TEST) --only "image.*"

machines: $(TEST_FILES) $(BUILD)/setup-test.stamp
	@$(TEST) --only "$(or $(CHECK),machines.*)"

test-qemu: $(TEST_FILES)
	@$(TEST) --only "$(or $(CHECK),[!i]*)"
