# SPDX-License-Identifier: BSD-2-Clause
#
# Makes the table of symbols.h, as assembly, from the list that `nm -n` prints of a linked image:
#
#	nm -n first.so | awk -f symbols.awk > symbols_table.S
#	awk -f symbols.awk < /dev/null > symbols_table.S	an empty table
#
# Takes functions alone; the symbol _etext, or else the last function, ends the table. Addresses are
# compared as text, which "" makes of them: as numbers 00e680 and 00e740 were both 0.

# Addresses are compared as text: 00e650 and 00e710 would both be the number 0.

BEGIN { nr = 0 } # names[nr++] before any number would index with ""
$3 == "ImageBase" { base = $1 }
$3 == "_etext" { end = $1 }
$2 ~ /^[tTwW]$/ && $3 !~ /^[.$]/ && $1 "" != last "" { last = addresses[nr] = $1; names[nr++] = $3 }

END {
	if (nr && !end)
		end = last
	if (nr && addresses[nr - 1] "" < end "") {
		addresses[nr] = end
		names[nr++] = "_etext"
	}
	print "\t.section .rodata.symbols, \"a\", @progbits"
	print "\t.globl symbols, nr_symbols, symbol_names, symbols_to_image"
	print "\t.hidden symbols, nr_symbols, symbol_names, symbols_to_image"
	print "\t.balign 8\nsymbols:"
	used = 0
	for (i = 0; i < nr; i++) {
		printf "\t.long 0x%s - 0x%s, %d\n", addresses[i], base, used
		used += length(names[i]) + 1
	}
	printf "nr_symbols:\n\t.long %d\n", nr
	print "symbols_to_image:"
	print nr ? "\t.hidden ImageBase\n\t.long ImageBase - ." : "\t.long 0"
	print "symbol_names:"
	for (i = 0; i < nr; i++)
		printf "\t.asciz \"%s\"\n", names[i]
	print "\t.section .note.GNU-stack, \"\", @progbits"
}
