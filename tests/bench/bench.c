/* SPDX-License-Identifier: BSD-2-Clause */
#include "rows.h"
#include "test.h"

/*
 * The rows that stand beside Linux's figures. Names and loop counts are those that the figures were
 * measured with; a line of its own for each, since a row is a test: it is quiet before it, and
 * nothing may be left after it.
 */

#define ROW(name_, sentence, load_, loops_, pages_, huge_, linux_)                                 \
	TEST_FLAGS(bench, name_, sentence, TEST_BENCH)                                             \
	{                                                                                          \
		row_run(&(struct row){.name = #name_,                                              \
				      .load = &(load_),                                            \
				      .loops = (loops_),                                           \
				      .pages = (pages_),                                           \
				      .huge = (huge_),                                             \
				      .linux_instructions = (linux_)});                            \
	}

ROW(fix_size_1, "one page", load_fix_size, 20000, 1, false, 3358)
ROW(fix_size_16, "16 pages", load_fix_size, 5000, 16, false, 9333)
ROW(fix_size_100, "100 pages", load_fix_size, 2000, 100, false, 43514)
ROW(fix_size_512, "512 pages", load_fix_size, 500, 512, false, 212226)
ROW(fix_size_512_huge, "512 pages that may be one leaf", load_fix_size, 500, 512, true, 241874)
ROW(full_fit, "one page among 8192 one-page holes", load_full_fit, 20000, 1, false, 3920)
ROW(long_busy_list, "100 pages and 1 with 15000 areas live", load_long_busy_list, 5000, 1, false,
    47722)
ROW(random_size, "1 to 100 pages", load_random_size, 10000, 1, false, 23831)
ROW(fix_align, "5 cleared pages aligned to 32 KiB", load_fix_align, 10000, 1, false, 8467)
ROW(random_size_align, "up to 10 cleared pages, aligned up to 4 MiB", load_random_size_align, 10000,
    1, false, 8220)
ROW(align_shift, "one page at every alignment, until that fails", load_align_shift, 20, 1, false, 0)
ROW(alloc_percpu, "up to 1 KiB a CPU", load_pcpu, 35000, 1, false, 0)
ROW(kvfree_rcu_1_arg, "freed after a grace period", load_kvfree_rcu_1_arg, 20000, 1, false, 3862)
ROW(kvfree_rcu_2_arg, "the same, without waiting", load_kvfree_rcu_2_arg, 20000, 1, false, 0)
ROW(vm_map_ram_1, "one page, mapped and unmapped", load_vm_map_ram, 50000, 1, false, 876)
ROW(vm_map_ram_32, "32 pages, mapped and unmapped", load_vm_map_ram, 5000, 32, false, 3351)

TEST_FLAGS(bench, table, "the rows stand beside each other", TEST_BENCH)
{
	expect(rows_print_table() > 0);
}
