# SPDX-License-Identifier: BSD-2-Clause
#
# Part of the Makefile: the build that counts what CPUs take from each other (tests/lines/).

# mm/ and pagetables/ as they are compiled for the machine, each access announced.
COMMA := ,
LINES_LINK := $(addprefix -Wl$(COMMA)--wrap=,cpus_start cpus_run platform_pause platform_ticks)
LINES_FLAGS := -O2 -fsanitize=thread $(call NOT_CLANG,$(HOST_CC),-Wno-tsan \
	--param tsan-instrument-func-entry-exit=0) \
	-Dmemset=lines_memset -Dmemcpy=lines_memmove -Dmemmove=lines_memmove
lines_SOURCES := $(wildcard tests/lines/*.c) \
	$(filter-out tests/suites/% tests/driver/% tests/small/% %_suite.c,$(HOST_SOURCES))
$(eval $(call HOST_BUILD,lines,$$(HOST_WINDOW) -DCOUNT_SHARING $$(LINES_LINK)))
$(O)/lines/mm/% $(O)/lines/pagetables/%: EXTRA := -Wconversion $(LINES_FLAGS)

bench-cpus: $(L)/vmlab-lines
	@$(PYTHON) tests/bench/cpus.py $< $(O)
