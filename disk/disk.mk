# SPDX-License-Identifier: BSD-2-Clause
#
# Part of the Makefile: the stick, the CD, signed ones, what a run left there, the release.

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

image: $(L)/vmlab.img
iso: $(L)/vmlab.iso
sign: $(L)/vmlab-signed.img

# What is written may be another image: a signed one, or one that was downloaded.
usb: $(if $(IMAGE),,$(L)/vmlab.img)
	@disk/usb.sh "$(DEV)" $(or $(IMAGE),$<)

# Of the last run, or of a stick or an image: DEV=/dev/sdX.
results:
	@disk/results.sh copy "$(or $(DEV),$(BUILD)/run.img)" $(BUILD)/results

results-show:
	@disk/results.sh show "$(or $(DEV),$(BUILD)/run.img)" $(RUN)

release: | $(BUILD)/setup-iso.stamp
	@KEY="$(KEY)" CERT="$(CERT)" CC="$(CC)" LD="$(LD)" MAKE="$(MAKE)" \
		disk/release.sh $(BUILD)/release $(VERSION)
