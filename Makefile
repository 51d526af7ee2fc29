# SPDX-License-Identifier: BSD-2-Clause
#
# vmlab. Everything that is built lies under build/. What make needs is installed at the first build
# (NO_INSTALL=1: only named).
#
#: Targets
#:   run            one run in a virtual machine; the results on the terminal, and in build/run.log
#:   test           every test: on the host, of the linked file, in virtual machines
#:   test-host      the suites as a process of this machine, under ASan and UBSan
#:   test-tsan      the same under ThreadSanitizer
#:   test-small     every case of small structures: areas, buddy lists, page tables
#:   soak           random calls against a model: STEPS=10000000 SEED=7 CPUS=4
#:   test-refusals  start and end against a firmware that refuses each of its calls in turn
#:   fuzz-parsers   options, ACPI tables, memory maps: SECONDS=60 of libFuzzer each (clang)
#:   prove          proofs by CBMC (optional: CBMC_ROOT=a system that has it), each with a bug's twin
#:   coverage       lines and branches of mm/ and pagetables/ that no suite on the host runs
#:   mutate         breaks the code NR=500 times, SEED=7, counts what suites notice; AGAIN=log
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
.PHONY: bench-check bench-keep bench-peer bench-profile release port test-small help-options
.PHONY: options coverage fuzz-parsers machines test-refusals prove FORCE

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
	tests/suites/*.c tests/driver/*.c tests/bench/*.c)
IMAGE_SOURCES := $(wildcard efi/*.c efi/*.S tests/machine/*.c) $(SHARED)
# What stands behind <vmlab.h> and <linux/*.h>; and the experiments, each in the place of its path.
EXPERIMENT_SUPPORT := $(addprefix tests/experiments/,vmlab.c option.c measure.c) \
	$(wildcard tests/experiments/linux/*.c tests/experiments/linux/*.S)
EXPERIMENT_FILES := $(abspath $(EXPERIMENTS))
EXPERIMENT_OBJECTS := $(EXPERIMENT_FILES:%=$(O)/outside%.o)
$(foreach file,$(EXPERIMENTS),$(if $(wildcard $(file)),,$(error EXPERIMENTS: no file $(file))))
# What only the machine can do, and what libc has; and what of efi/ knows no firmware.
HOST_EXCLUDE := $(addprefix pagetables/,fault_entry.S descriptors.c lib/string.c)
HOST_EFI := $(addprefix efi/,acpi.c json.c ktap.c map_spans.c option_value.c options.c \
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

$(L)/vmlab.efi: $(L)/vmlab.so disk/nx_compat.py
	$(call say,OBJCOPY)$(OBJCOPY) --strip-all --target=efi-app-x86_64 --subsystem=10 \
		$(KEPT_SECTIONS:%=-j %) $< $@
	$(Q)$(PYTHON) disk/nx_compat.py $@

# What lies on the stick beside the application.
ON_STICK := disk/vmlab.cfg /vmlab.cfg disk/README.TXT /README.TXT
ON_STICK_FILES := $(filter disk/%,$(ON_STICK)) disk/fat.sh
$(L)/vmlab.img: $(L)/vmlab.efi disk/image.sh $(ON_STICK_FILES)
	$(call say,IMAGE)disk/image.sh $@ $< /EFI/BOOT/BOOTX64.EFI $(ON_STICK)

$(L)/vmlab.iso: $(L)/vmlab.efi disk/iso.sh $(ON_STICK_FILES) | $(BUILD)/setup-iso.stamp
	$(call say,ISO)disk/iso.sh $@ $< /EFI/BOOT/BOOTX64.EFI $(ON_STICK)

# Signed with a key of one's own; and with the key that Debian's OVMF has for trying things.
$(L)/vmlab-signed.efi: $(L)/vmlab.efi $(KEY) $(CERT) FORCE | $(BUILD)/setup-sign.stamp
	@[ -n "$(KEY)" ] && [ -n "$(CERT)" ] || \
		{ echo "sign: KEY=private.key and CERT=certificate.pem are needed (disk/README.md)" >&2; exit 1; }
	$(call say,SIGN)$(SBSIGN) --key "$(KEY)" --cert "$(CERT)" --output $@ $<

$(L)/secure/snakeoil.key: $(SNAKEOIL).key | $(BUILD)/setup-sign.stamp
	@mkdir -p $(@D)
	$(Q)(umask 077; openssl rsa -in $< -passin pass:snakeoil -out $@ 2>$@.log) || \
		{ cat $@.log >&2; exit 1; }

$(L)/secure/vmlab.efi: $(L)/vmlab.efi $(L)/secure/snakeoil.key
	$(call say,SIGN)$(SBSIGN) --key $(L)/secure/snakeoil.key --cert $(SNAKEOIL).pem --output $@ $<

$(L)/vmlab-signed.img $(L)/secure/vmlab.img: $(L)/%.img: $(L)/%.efi disk/image.sh $(ON_STICK_FILES)
	$(call say,IMAGE)disk/image.sh $@ $< /EFI/BOOT/BOOTX64.EFI $(ON_STICK)

# For the tests: starts vmlab.efi with its image above 4 GiB.
$(L)/loader.so: $(O)/image/tests/qemu/loader.c.o efi/vmlab.lds
	$(call say,LD)$(LD) $(LINK_FLAGS) -o $@ $(EFI_LIB)/crt0-efi-x86_64.o $< $(EFI_LIB)/libgnuefi.a

$(L)/loader.efi: $(L)/loader.so
	$(call say,OBJCOPY)$(OBJCOPY) --strip-all --target=efi-app-x86_64 --subsystem=10 \
		$(KEPT_SECTIONS:%=-j %) $< $@

image: $(L)/vmlab.img
iso: $(L)/vmlab.iso
sign: $(L)/vmlab-signed.img

# What is written may be another image: a signed one, or one that was downloaded.
usb: $(if $(IMAGE),,$(L)/vmlab.img)
	@disk/usb.sh "$(DEV)" $(or $(IMAGE),$<)

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

# Of the last run, or of a stick or an image: DEV=/dev/sdX.
results:
	@disk/results.sh copy "$(or $(DEV),$(BUILD)/run.img)" $(BUILD)/results

results-show:
	@disk/results.sh show "$(or $(DEV),$(BUILD)/run.img)" $(RUN)

release: | $(BUILD)/setup-iso.stamp
	@KEY="$(KEY)" CERT="$(CERT)" CC="$(CC)" LD="$(LD)" MAKE="$(MAKE)" \
		disk/release.sh $(BUILD)/release $(VERSION)

# The suites as a process. -----------------------------------------------------------------------

HOST_FLAGS := $(COMMON_FLAGS) -I tests/host -I efi -O1 -pthread \
	$(call NOT_CLANG,$(HOST_CC),-Wno-stringop-overflow) $(CFLAGS)

# $(1): name of the build, $(2): flags.
define HOST_BUILD
$(1)_OBJECTS := $$(HOST_SOURCES:%=$(O)/$(1)/%.o) $(O)/$(1)/symbols.o
ifneq ($(EXPERIMENTS),)
$(1)_OBJECTS += $$(EXPERIMENT_SUPPORT:%=$(O)/$(1)/%.o) $$(EXPERIMENT_FILES:%=$(O)/$(1)/outside%.o)
endif

$(O)/$(1).flags: FORCE | $(SETUP)
	@mkdir -p $$(@D); echo '$(HOST_CC) $(HOST_FLAGS) $(2)' >$$@.new; \
	cmp -s $$@.new $$@ && rm $$@.new || mv $$@.new $$@

$(O)/$(1)/mm/% $(O)/$(1)/pagetables/%: EXTRA := -Wconversion
$(O)/$(1)/tests/experiments/%: EXTRA := $(EXPERIMENT_FLAGS)

$(O)/$(1)/%.o: % $(O)/$(1).flags
	@mkdir -p $$(@D)
	$$(call say,HOSTCC)$(HOST_CC) $(HOST_FLAGS) $(2) $$(EXTRA) -MMD -MP -c -o $$@ $$<

$(O)/$(1)/outside/%.c.o: /%.c $(O)/$(1).flags
	@mkdir -p $$(@D)
	$$(call say,HOSTCC)$(HOST_CC) $(filter-out $(WARNINGS),$(HOST_FLAGS)) $(2) \
		$$(OUTSIDE_FLAGS) -MMD -MP -c -o $$@ $$<

$(O)/$(1)/symbols.o: $(L)/symbols-0.S
	@mkdir -p $$(@D)
	$$(call say,HOSTCC)$(HOST_CC) $(HOST_FLAGS) $(2) -c -o $$@ $$<

$(L)/vmlab-$(1): $$($(1)_OBJECTS) $(L)/link.files
	$$(call say,HOSTLD)$(HOST_CC) $(HOST_FLAGS) $(2) -o $$@ $$($(1)_OBJECTS)
endef

# The simulated machine's upper half lies where the sanitizer's own memory is not.
HOST_WINDOW := -DLAYOUT_WINDOW_START=0x200000000000 -DLAYOUT_WINDOW_END=0x400000000000
HOST_ASAN := $(HOST_WINDOW) -fsanitize=address,undefined -fno-sanitize-recover=undefined
HOST_TSAN := -fsanitize=thread -DUNDER_TSAN \
	-DLAYOUT_WINDOW_START=0x1000000000 -DLAYOUT_WINDOW_END=0x5000000000
$(eval $(call HOST_BUILD,host,$$(HOST_ASAN)))
$(eval $(call HOST_BUILD,tsan,$$(HOST_TSAN)))
$(eval $(call HOST_BUILD,fast,$$(HOST_WINDOW)))
$(eval $(call HOST_BUILD,cov,$$(HOST_WINDOW) -O0 --coverage -fprofile-update=atomic))

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
$(O)/tiny/%.o: % Makefile
	@mkdir -p $(@D)
	$(call say,HOSTCC)$(HOST_CC) $(TINY_FLAGS) -MMD -MP -c -o $@ $<

$(O)/small-tables: $(TINY_SOURCES:%=$(O)/tiny/%.o)
	$(call say,HOSTLD)$(HOST_CC) $(TINY_FLAGS) -o $@ $^

# Mixed calls at random against a plain model; what fails is shrunk to a short list of calls.
RANDOM_DRIVER := $(PYTHON) tests/driver/random.py $(L)/vmlab-host

soak: $(L)/vmlab-host
	@$(RANDOM_DRIVER) steps=$(or $(STEPS),10000000) $(if $(SEED),seed=$(SEED)) $(if $(CPUS),test=cpus cpus=$(CPUS)) $(OPTIONS)

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

TEST_FILES := $(OPTIONS_TABLE) $(L)/vmlab.img $(L)/vmlab.so $(L)/loader.efi $(O)/port.elf
TEST := $(PYTHON) tests/qemu/test.py --build $(O)

# What an option changes: the suites, without the random driver.
SUITES := test=!mm_random*

test: $(TEST_FILES) $(L)/vmlab-host $(L)/vmlab-tsan $(L)/vmlab-fast $(O)/small-tables \
		$(O)/parsers $(O)/refusals $(BUILD)/setup-test.stamp
	@$(TEST) --program host=$(L)/vmlab-host \
		--program "random=$(RANDOM_DRIVER) steps=1000000" \
		--program "small=$(L)/vmlab-fast test=$(SMALL)" \
		--program "small-tables=$(O)/small-tables" \
		--program "parsers=$(O)/parsers tests/fuzz/corpus" --program refusals=$(O)/refusals \
		--program "bench=$(BENCH) check $(O)/vmlab.efi $(O) $(BASELINE)" \
		--program "host-5level=$(L)/vmlab-host levels=5 nodes=2 poison=on cpus=2" \
		--program "host-random=$(L)/vmlab-fast $(SUITES) place=random poison=on guard=17" \
		--program "host-top=$(L)/vmlab-fast $(SUITES) place=top quarantine=4096 cache=off" \
		--program "host-pagealloc=$(L)/vmlab-fast $(SUITES) place=best debug=pagealloc" \
		--program "tsan=$(L)/vmlab-tsan cpus=4"

# Parsers, fed with anything: what libFuzzer has found is kept, and run again in make test.
PARSERS := options acpi memory_map
PARSER_SOURCES := $(PARSERS:%=tests/fuzz/parse_%.c) tests/fuzz/parse_world.c pagetables/lib/format.c \
	$(addprefix efi/,acpi.c map_spans.c memory_plan.c option_value.c srat.c text.c) \
	$(filter-out efi/options_efi.c,$(wildcard efi/options*.c))
PARSER_FLAGS := $(HOST_FLAGS) -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_CC ?= clang
$(O)/parsers: $(PARSER_SOURCES) tests/fuzz/parse_replay.c $(wildcard efi/*.h tests/fuzz/*.h) Makefile | $(SETUP)
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
	acpi.c apic.c firmware_map.c memory_map.c memory_plan.c memory_proof.c map_spans.c nodes.c \
	option_value.c srat.c text.c volume.c) pagetables/lib/format.c pagetables/lib/assert.c
$(O)/refusals: $(REFUSALS_SOURCES) $(wildcard efi/*.h tests/host/efi/*.h) Makefile | $(SETUP)
	@mkdir -p $(@D)
	$(call say,HOSTCC)$(HOST_CC) $(PARSER_FLAGS) -fshort-wchar -DGNU_EFI_USE_MS_ABI \
		-isystem $(EFI_INCLUDE) -isystem $(EFI_INCLUDE)/x86_64 -o $@ $(filter %.c,$^)

test-refusals: $(O)/refusals
	$(Q)$<

# Proofs, where CBMC is: Debian has it from 13 on. CBMC_ROOT is a folder with such a system.
prove:
	@[ -n "$(CBMC_ROOT)" ] || command -v $(CBMC) >/dev/null || { \
		echo "make prove needs the package cbmc (Debian 13), or CBMC_ROOT=" >&2; exit 1; }
	@$(PYTHON) tests/proofs/prove.py $(O)/proofs $(HOST_CC)

# Which lines and branches of mm/ and pagetables/ the suites on the host run.
coverage: $(L)/vmlab-cov
	@find $(O)/cov -name '*.gcda' -delete
	$(Q)for options in "" "levels=5 nodes=2 poison=on cpus=2" "kaslr=linux" "kaslr=off" \
		"test=mm_random.mixed mixed.steps=200000"; do \
		$< $$options >$(O)/cov.log || { cat $(O)/cov.log; exit 1; }; done
	@$(PYTHON) tests/coverage.py $(O)/cov "$(or $(GCOV),gcov)"

# One small change after the other to mm/ and pagetables/: which of them do the suites notice?
mutate: $(L)/vmlab-fast $(L)/vmlab-host
	@$(PYTHON) tests/mutation/mutate.py --nr $(or $(NR),500) $(if $(SEED),--seed $(SEED)) \
		$(if $(AGAIN),--again $(AGAIN)) --sources "$(HOST_SOURCES)" \
		--build "fast=$(HOST_CC) $(HOST_FLAGS) $(HOST_WINDOW)" \
		--build "host=$(HOST_CC) $(HOST_FLAGS) $(HOST_ASAN)" \
		--run fast --run "fast levels=5 nodes=2 poison=on cpus=2" --run host \
		--run "fast test=mm_random.mixed mixed.steps=200000" --run "fast test=$(SMALL)"

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

# Upkeep. ----------------------------------------------------------------------------------------

C_FILES = $(shell find efi pagetables mm tests -name '*.[ch]')
format:
	$(CLANG_FORMAT) -i $(C_FILES)

check-format:
	$(CLANG_FORMAT) --dry-run -Werror $(C_FILES)

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
