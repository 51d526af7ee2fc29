# SPDX-License-Identifier: BSD-2-Clause
#
# vmlab. Everything that is built lies under build/. What make needs is installed at the first build
# (NO_INSTALL=1: only named). Parts: disk/disk.mk, tests/host/host.mk, tests/tests.mk.
#
#: Targets
#:   run            one run in a virtual machine; the results on the terminal, and in build/run.log
#:   test           every test: on the host, of the linked file, in virtual machines
#:   test-host      the suites as a process of this machine, under ASan and UBSan
#:   test-tsan      the same under ThreadSanitizer
#:   test-small     every case of small structures: areas, buddy lists, page tables
#:   soak           random calls against a model: STEPS=10000000 SEED=7 CPUS=4
#:   test-refusals  start and end against a firmware that refuses each of its calls in turn
#:   fuzz-calls     calls of mm/ against a model, chosen by libFuzzer (clang): SECONDS=60
#:   fuzz-parsers   options, ACPI tables, memory maps: SECONDS=60 of libFuzzer each (clang)
#:   prove          proofs by CBMC (optional: CBMC_ROOT=a system that has it), each with a bug's twin
#:                  (PROOFS="range tree_step": only those)
#:   coverage       lines and branches of mm/ and pagetables/ that no suite on the host runs
#:   coverage-mcdc  conditions there that no suite showed to decide alone (clang 18 or newer)
#:   mutate         breaks the code NR=500 times, SEED=7, counts what suites notice; ONLY="mm/pcp.c:*":
#:                  there; NAMES=list, AGAIN=log of survivors: those; FIRST=1: by the cheap runs;
#:                  LOG=build/mutation.log JOBS=2; EMPTY=1 (ONLY="mm/vmalloc.c:v*" AGAIN=log):
#:                  empties each public function instead
#:   test-image     checks of the linked file and of the disk image
#:   test-qemu      runs in virtual machines (CHECK="boot.*": only those)
#:   machines       all tests on machines of every kind, firmware to disk (CHECK="machines.0*")
#:   image          build/vmlab.efi, the application, and build/vmlab.img, the stick
#:   usb            writes the stick: DEV=/dev/sdX (asks; YES=1: does not; IMAGE=another one)
#:   iso            build/vmlab.iso, a CD for virtual machines
#:   sign           build/vmlab-signed.efi and .img: KEY=private.key CERT=certificate.pem
#:   release        build/release/: tarball, stick, CD, checksums (VERSION=; KEY= CERT=: signed)
#:   results        what runs left on the stick, into build/results/ (DEV=/dev/sdX or an image;
#:                  none: the last make run); results-show: prints it (RUN=0003)
#:   debug          a run under gdb, stopped at its entry, with commands for vmlab's structures
#:                  (tests/qemu/README.md; COMMANDS="bt; info registers": without a person)
#:   screenshot     build/screenshot.png: the screen at the end of a run
#:   port           the smallest kernel with mm/ in it (tests/port/), built and run
#:   bench          what the calls cost, beside Linux's figures; into build/bench.json
#:   bench-check    fails where a figure is more than 3 % worse than in tests/bench/baseline.json;
#:                  bench-keep: the last figures become that
#:   bench-cpus     what 1 to 16 CPUs share: a table, and build/cpus.svg
#:   bench-peer     both columns fresh: PEER=path/to/measure-linux.sh
#:   bench-profile  where the instructions of ROW=fix_size_1 go, by function
#:   help-options   every option of a run: name, values, what it does, default
#:   options        puts that list into README.md and disk/vmlab.cfg
#:   setup          installs the packages that are missing
#:   format         lays out all C files; check-format: says which are not
#:   clean          removes build/
#:
#: Variables
#:   OPTIONS=       of a run, or of test-host: OPTIONS="seed=7 test=vmalloc.*"
#:   MEM=1G CPU=max SMP=1 DISK=virtio TIMEOUT=300 QEMU_ARGS=
#:                  the machine of a run; DISK: virtio, ahci, nvme, usb, cd, or kernel (no disk)
#:   SECURE=1       a run under firmware that enforces Secure Boot, signed with its key
#:   NET=1          a run that is booted from the network
#:   SCREEN=1920x1080   the screen of a run
#:   EXPERIMENTS=   of a run, or of test-host: C files from anywhere, compiled into it
#:                  (tests/experiments/)
#:   DEBUG=1        a build with more checks, in build/debug/
#:   CC=gcc HOST_CC=gcc LD=ld AWK=awk PYTHON=python3 QEMU=qemu-system-x86_64 ...
#:   V=1            prints the commands

BUILD := build
O := $(BUILD)$(if $(DEBUG),/debug)
# What is linked: with experiments another application, which shares all other objects.
L := $(O)$(if $(EXPERIMENTS),/experiments)

ifeq ($(origin CC),default)
CC := gcc
endif
HOST_CC ?= gcc
AWK ?= awk
NM ?= nm
OBJCOPY ?= objcopy
CBMC ?= cbmc
OBJDUMP ?= objdump
PYTHON ?= python3
QEMU ?= qemu-system-x86_64
OVMF_CODE ?= /usr/share/OVMF/OVMF_CODE_4M.fd
OVMF_VARS ?= /usr/share/OVMF/OVMF_VARS_4M.fd
CLANG_FORMAT ?= clang-format
SBSIGN ?= sbsign
XORRISO ?= xorriso
GDB ?= gdb
OVMF_SECURE ?= /usr/share/OVMF/OVMF_CODE_4M.secboot.fd
OVMF_ENROLLED ?= /usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd
U_BOOT ?= /usr/lib/u-boot/qemu-x86_64/u-boot.rom
SNAKEOIL ?= /usr/share/ovmf/PkKek-1-snakeoil
EFI_INCLUDE ?= /usr/include/efi
EFI_LIB ?= /usr/lib
export CBMC CBMC_ROOT NM OBJDUMP QEMU SBSIGN XORRISO GDB
export OVMF_CODE OVMF_VARS OVMF_SECURE OVMF_ENROLLED U_BOOT
export PATH := $(PATH):/usr/sbin:/sbin
export PYTHONDONTWRITEBYTECODE := 1

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $@;)
ifneq ($(filter clean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
else ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: help setup image iso sign usb run screenshot debug results results-show soak test
.PHONY: test-host test-tsan test-image test-qemu format check-format clean mutate bench
.PHONY: bench-check bench-cpus bench-keep bench-peer bench-profile release port test-small
.PHONY: help-options options coverage coverage-mcdc mcdc-compiler fuzz-calls fuzz-parsers machines
.PHONY: test-refusals prove FORCE

help:
	@sed -n 's/^#: \{0,1\}//p' Makefile

# Tools. Package and, behind the =, what it brings: a command or a file. -------------------------

NEEDED := $(sort $(foreach cc,$(CC) $(HOST_CC),$(notdir $(cc))=$(cc))) binutils=$(OBJCOPY) \
	libc6-dev=/usr/include/stdio.h gnu-efi=$(EFI_LIB)/crt0-efi-x86_64.o ovmf=$(OVMF_CODE) \
	qemu-system-x86=$(QEMU) mtools=mformat dosfstools=fsck.vfat gdisk=sgdisk \
	python3-minimal=$(PYTHON)
# What single targets need beyond that, and all of it, for make test: there what cannot be had is
# no error, and the checks that want it are skipped.
NEEDED_SIGN := sbsigntool=$(SBSIGN) openssl=openssl
NEEDED_ISO := xorriso=$(XORRISO)
NEEDED_DEBUG := gdb=$(GDB)
NEEDED_MACHINES := u-boot-qemu=$(U_BOOT)
SETUP := $(BUILD)/setup.stamp
SETUPS := $(foreach what,sign iso debug test,$(BUILD)/setup-$(what).stamp)
$(SETUP): NEED = $(NEEDED)
$(BUILD)/setup-sign.stamp: NEED = $(NEEDED_SIGN)
$(BUILD)/setup-iso.stamp: NEED = $(NEEDED_ISO)
$(BUILD)/setup-debug.stamp: NEED = $(NEEDED_DEBUG)
$(BUILD)/setup-test.stamp: NEED = $(NEEDED_SIGN) $(NEEDED_ISO) $(NEEDED_DEBUG) $(NEEDED_MACHINES)
$(BUILD)/setup-test.stamp: CANNOT = echo "The checks that need them are skipped."; exit 0
CANNOT = exit 1
setup: $(SETUP)

# Shell words that set $missing to the packages of what is not there.
define FIND_MISSING
missing=; for needed in $(NEED); do thing=$${needed#*=}; \
	command -v "$$thing" >/dev/null || [ -e "$$thing" ] || missing="$$missing $${needed%%=*}"; \
done
endef

$(SETUPS): | $(SETUP)
$(SETUP) $(SETUPS): Makefile
	@mkdir -p $(@D); exec 9>$(BUILD)/setup.lock; flock 9; \
	$(FIND_MISSING); [ -n "$$missing" ] || { touch $@; exit 0; }; \
	if [ -n "$(NO_INSTALL)" ] || ! command -v apt-get >/dev/null; then \
		echo "These packages (Debian's names) are missing:$$missing" >&2; $(CANNOT); \
	fi; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo="sudo"; \
	echo "Installing with $${sudo:+sudo }apt-get:$$missing (NO_INSTALL=1 forbids it)"; \
	apt() { $$sudo env DEBIAN_FRONTEND=noninteractive apt-get "$$@"; }; \
	install() { apt install -y -qq --no-install-recommends $$missing; }; \
	set -- /var/lib/apt/lists/*_Packages*; [ -e "$$1" ] || apt update -qq; \
	install || { apt update -qq && install; }; \
	$(FIND_MISSING); [ -z "$$missing" ] || { echo "Still missing:$$missing" >&2; $(CANNOT); }; \
	touch $@

# Sources. ---------------------------------------------------------------------------------------

SHARED := $(wildcard pagetables/*.c pagetables/*.S pagetables/lib/*.c mm/*.c tests/runner/*.c \
	tests/suites/*.c tests/driver/*.c tests/driver/cases/*.c tests/bench/*.c)
IMAGE_SOURCES := $(wildcard efi/*.c efi/*.S tests/machine/*.c) $(SHARED)
# What stands behind <vmlab.h> and <linux/*.h>; and the experiments, each in the place of its path.
EXPERIMENT_SUPPORT := $(addprefix tests/experiments/,vmlab.c option.c measure.c) \
	$(wildcard tests/experiments/linux/*.c tests/experiments/linux/*.S)
EXPERIMENT_FILES := $(abspath $(EXPERIMENTS))
EXPERIMENT_OBJECTS := $(EXPERIMENT_FILES:%=$(O)/outside%.o)
$(foreach file,$(EXPERIMENTS),$(if $(wildcard $(file)),,$(error EXPERIMENTS: no file $(file))))
# What only the machine can do, and what libc has; and what of efi/ knows no firmware.
HOST_EXCLUDE := $(addprefix pagetables/,fault_entry.S descriptors.c lib/string.c)
HOST_EFI := $(addprefix efi/,acpi.c json.c ktap.c madt.c map_spans.c option_value.c options.c \
	options_show.c options_table.c quiet.c results_json.c results_junit.c ring.c srat.c text.c \
	text_out.c)
HOST_SOURCES := $(wildcard tests/host/*.c tests/host/*.S tests/small/*.c) $(HOST_EFI) \
	$(filter-out $(HOST_EXCLUDE),$(SHARED))

INCLUDES := -I pagetables -I mm -I tests/runner
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Werror
# gcc 14 takes a list's first element for address zero where it cannot see that the list has one.
NOT_CLANG = $(if $(findstring clang,$(1)),,$(2))
COMMON_FLAGS := -std=gnu11 -g -fno-omit-frame-pointer -fno-strict-aliasing $(INCLUDES) $(WARNINGS) \
	$(if $(DEBUG),-DDEBUG) -ffile-prefix-map=$(CURDIR)=.

# The application. -------------------------------------------------------------------------------

# crt0 of gnu-efi calls us in the System V way, the firmware is called in its own.
IMAGE_FLAGS := $(COMMON_FLAGS) -I efi -O2 -ffreestanding -fpic -fshort-wchar -mno-red-zone \
	-mgeneral-regs-only -fcf-protection=none -fno-asynchronous-unwind-tables \
	-fno-stack-protector -fvisibility=hidden -DGNU_EFI_USE_MS_ABI \
	$(call NOT_CLANG,$(CC),-maccumulate-outgoing-args -Wno-stringop-overflow) $(CFLAGS)
EXPERIMENT_FLAGS := -I tests/experiments -DMODULE
LINK_FLAGS := -shared -Bsymbolic -nostdlib -z noexecstack -z max-page-size=4096 --no-undefined \
	--fatal-warnings -T efi/vmlab.lds
IMAGE_OBJECTS := $(IMAGE_SOURCES:%=$(O)/image/%.o)
ifneq ($(EXPERIMENTS),)
IMAGE_OBJECTS += $(EXPERIMENT_SUPPORT:%=$(O)/image/%.o) $(EXPERIMENT_OBJECTS)
endif
KEPT_SECTIONS := .text .reloc .rodata .data .dynamic .rela .dynsym .dynstr

$(O)/image/efi/% $(O)/image/tests/qemu/%: EXTRA := -isystem $(EFI_INCLUDE) -isystem $(EFI_INCLUDE)/x86_64
$(O)/image/mm/% $(O)/image/pagetables/%: EXTRA := -Wconversion

# Changes when a command line does, so that CC=clang or CFLAGS=... builds anew.
$(O)/image.flags: FORCE | $(SETUP)
	@mkdir -p $(@D); echo '$(CC) $(IMAGE_FLAGS) $(LINK_FLAGS)' >$@.new; \
	cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(O)/image/%.o: % $(O)/image.flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(IMAGE_FLAGS) $(EXTRA) -MMD -MP -c -o $@ $<

$(O)/image/tests/experiments/%: EXTRA := $(EXPERIMENT_FLAGS)

# Somebody's own: its name is its file's, its warnings are shown.
module = $(subst .,_,$(subst -,_,$(notdir $*)))
OUTSIDE_FLAGS = -Wall -Wno-sign-compare $(EXPERIMENT_FLAGS) -DLINUX_MODULE=$(module) \
	-DLINUX_MODULE_NAME='"$(module)"' -DKBUILD_MODNAME='"$(module)"'
$(O)/outside/%.c.o: /%.c $(O)/image.flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(filter-out $(WARNINGS),$(IMAGE_FLAGS)) $(OUTSIDE_FLAGS) \
		-MMD -MP -c -o $@ $<

# Changes when other files are to be linked.
$(L)/link.files: FORCE | $(SETUP)
	@mkdir -p $(@D); echo '$(IMAGE_OBJECTS)' >$@.new; \
	cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# Linked twice: first with no symbols, then with the table of those that the first link has. The
# table lies behind the text, so the text stays where it was.
$(L)/symbols-0.S: pagetables/symbols.awk | $(SETUP)
	@mkdir -p $(@D)
	$(call say,AWK)$(AWK) -f $< </dev/null >$@

$(L)/symbols-1.S: pagetables/symbols.awk $(L)/vmlab-0.so
	$(call say,AWK)$(NM) -n $(L)/vmlab-0.so | $(AWK) -f $< >$@

$(L)/symbols-%.o: $(L)/symbols-%.S $(O)/image.flags
	$(call say,CC)$(CC) $(IMAGE_FLAGS) -c -o $@ $<

$(L)/vmlab-%.so: $(L)/symbols-%.o $(IMAGE_OBJECTS) $(L)/link.files efi/vmlab.lds
	$(call say,LD)$(LD) $(LINK_FLAGS) -o $@ $(EFI_LIB)/crt0-efi-x86_64.o $(IMAGE_OBJECTS) $< \
		$(EFI_LIB)/libgnuefi.a

# With symbols, for gdb.
$(L)/vmlab.so: $(L)/vmlab-0.so $(L)/vmlab-1.so
	@for so in $^; do $(NM) -n $$so | grep -i ' t ' >$$so.text; done; \
	cmp -s $(^:=.text) || { echo "the table of symbols moved the text" >&2; exit 1; }
	@cp $(L)/vmlab-1.so $@

$(L)/vmlab.efi: $(L)/vmlab.so disk/pe_finish.py
	$(call say,OBJCOPY)$(OBJCOPY) --strip-all --target=efi-app-x86_64 --subsystem=10 \
		$(KEPT_SECTIONS:%=-j %) $< $@
	$(Q)$(PYTHON) disk/pe_finish.py $@

# For the tests: loader starts vmlab.efi with its image above 4 GiB, mp_shim under MP services that
# do wrong.
$(L)/loader.so $(L)/mp_shim.so: $(L)/%.so: $(O)/image/tests/qemu/%.c.o \
		$(O)/image/tests/qemu/image_file.c.o efi/vmlab.lds
	$(call say,LD)$(LD) $(LINK_FLAGS) -o $@ $(EFI_LIB)/crt0-efi-x86_64.o $(filter %.o,$^) \
		$(EFI_LIB)/libgnuefi.a

$(L)/loader.efi $(L)/mp_shim.efi: %.efi: %.so
	$(call say,OBJCOPY)$(OBJCOPY) --strip-all --target=efi-app-x86_64 --subsystem=10 \
		$(KEPT_SECTIONS:%=-j %) $< $@

# The variables that say which machine it is. A run starts from the stick unless they say otherwise.
MACHINE := OPTIONS MEM CPU SMP DISK TIMEOUT NET SECURE SCREEN
RUN_IMAGE := $(L)/$(if $(SECURE),secure/)vmlab.$(if $(filter cd,$(DISK)),iso,img)
define EXPORT_TO
$(1): export $(2) := $($(2))
endef
$(foreach name,$(MACHINE) COMMANDS,$(eval $(call EXPORT_TO,run screenshot debug,$(name))))

run: $(RUN_IMAGE)
	@$(PYTHON) tests/qemu/run.py $< $(BUILD) $(QEMU_ARGS) || [ $$? = 33 ]

screenshot: $(RUN_IMAGE)
	@$(PYTHON) tests/qemu/screenshot.py $< $(BUILD) $(QEMU_ARGS)

debug: $(RUN_IMAGE) $(L)/vmlab.so $(BUILD)/setup-debug.stamp
	@$(PYTHON) tests/qemu/debug.py $< $(BUILD) $(L)/vmlab.so $(QEMU_ARGS)

include disk/disk.mk

include tests/host/host.mk
include tests/lines/lines.mk

include tests/tests.mk

include tests/fuzz/fuzz.mk

# Upkeep. ----------------------------------------------------------------------------------------

C_FILES = $(shell find efi pagetables mm tests -name '*.[ch]')
format:
	$(CLANG_FORMAT) -i $(C_FILES)

check-format:
	$(CLANG_FORMAT) --dry-run -Werror $(C_FILES)

clean:
	rm -rf $(BUILD)

# What bench-peer unpacks is somebody else's.
-include $(shell find $(BUILD) -name linux-peer -prune -o -type f -name '*.d' -print 2>/dev/null)
