/* SPDX-License-Identifier: BSD-2-Clause */
#include "gate.h"
#include "instructions.h"
#include "platform.h"
#include "registers.h"
#include "test.h"

/* The gate, from inside. */

static struct registers before, now;

TEST(gate, openings, "a thousand openings of the gate leave every register of ours as it was")
{
	enum { OPENINGS = 1000 };
	static char problem[96];
	uint64_t crossings = gate_crossings();
	const char *wrong;

	registers_read(&before);
	for (int i = 0; i < OPENINGS; i++)
		gate_relax();
	registers_read(&now);
	wrong = registers_compare(&before, &now, problem, sizeof(problem));
	expect_string(wrong ? wrong : "", "");
	expect_equal(gate_crossings() - crossings, OPENINGS);
}

TEST(gate, protections, "inside, everything that this processor has to protect pages is on")
{
	const struct cpu_features *cpu = platform_cpu_features();

	registers_read(&now);
	expect(now.cr0 & CR0_WP);
	expect(now.efer & EFER_NXE);
	expect(now.cr4 & CR4_MCE);
	expect(!(now.flags & FLAGS_IF));
	expect_equal(!!(now.cr4 & CR4_PGE), cpu->pge);
	expect_equal(!!(now.cr4 & CR4_SMEP), cpu->smep);
	expect_equal(!!(now.cr4 & CR4_SMAP), cpu->smap);
	expect_equal(!!(now.cr4 & CR4_UMIP), cpu->umip);
	expect_equal(!!(now.cr4 & CR4_LA57), cpu->levels == 5);
}
