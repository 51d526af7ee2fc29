/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"
#include "slab.h"
#include "test.h"
#include "tlb.h"
#include "vmalloc.h"
#include "words.h"

/* kvmalloc() and deferred frees. */

TEST_FLAGS(kvmalloc, small, "up to a page it is kmalloc()", TEST_SMOKE)
{
	void *p = kvmalloc(100, GFP_KERNEL), *zeroed = kvzalloc(PAGE_SIZE, GFP_KERNEL);

	require(p && zeroed);
	expect(!is_vmalloc_addr(p));
	expect(!is_vmalloc_addr(zeroed));
	expect(all_zero(zeroed, PAGE_SIZE));
	kvfree(p);
	kvfree(zeroed);
	kvfree(NULL);
}

TEST(kvmalloc, large, "what kmalloc() cannot give, vmalloc() does")
{
	size_t size = KMALLOC_MAX_SIZE + PAGE_SIZE;
	char *p = kvmalloc(size, GFP_KERNEL);

	require(p);
	expect(is_vmalloc_addr(p));
	p[0] = p[size - 1] = 1;
	kvfree(p);
}

TEST(kvmalloc, arrays, "products are checked for overflow, kvcalloc() clears")
{
	void *p = kvcalloc(100, 77, GFP_KERNEL), *q = kvmalloc_array(3, 9, GFP_KERNEL);

	require(p && q);
	expect(all_zero(p, 7700));
	kvfree(p);
	kvfree(q);
	expect(!kvcalloc(~(size_t)0, 2, GFP_KERNEL));
	expect(!kvmalloc_array(~(size_t)0 / 2, 3, GFP_KERNEL));
}

TEST(kvmalloc, node, "kvmalloc_node() and kvzalloc_node() take a node")
{
	void *p = kvmalloc_node(100, GFP_KERNEL, 0), *q = kvzalloc_node(9000, GFP_KERNEL, 0);

	require(p && q);
	expect(all_zero(q, 9000));
	kvfree(p);
	kvfree_sensitive(q, 9000);
}

TEST(kvmalloc, kvrealloc, "contents are kept from kmalloc() over to vmalloc() and back")
{
	size_t large = KMALLOC_MAX_SIZE + 3 * PAGE_SIZE;
	char *p = kvrealloc(NULL, 3000, GFP_KERNEL);

	require(p);
	pattern_fill(p, 3000, 9);
	p = kvrealloc(p, 30000, GFP_KERNEL);
	require(p);
	expect(pattern_holds(p, 3000, 9));
	p = kvrealloc(p, large, GFP_KERNEL);
	require(p);
	expect(is_vmalloc_addr(p));
	expect(pattern_holds(p, 3000, 9));
	p = kvrealloc(p, 2000, GFP_KERNEL);
	require(p);
	expect(pattern_holds(p, 2000, 9));
	kvfree(p);
}

struct with_head {
	uint64_t contents[6];
	struct rcu_head rcu;
};

TEST(kvmalloc, kvrealloc_foreign, "a pointer that nobody handed out is not moved, however large")
{
	char *area = vmalloc(2 * PAGE_SIZE);

	require(area);
	expect_equal(kvrealloc((void *)VMALLOC_END, 100, GFP_KERNEL), NULL);
	expect_equal(kvrealloc((void *)VMALLOC_END, 7 * PAGE_SIZE, GFP_KERNEL), NULL);
	expect_equal(kvrealloc(area + PAGE_SIZE, 7 * PAGE_SIZE, GFP_KERNEL), NULL);
	vfree(area);
}

TEST(kvmalloc, zones, "where kmalloc() cannot serve the zone that was asked for still counts")
{
	size_t size = KMALLOC_MAX_SIZE + PAGE_SIZE;
	char *p = kvmalloc(size, GFP_KERNEL | GFP_DMA | __GFP_NOWARN);

	if (!p)
		test_skip("%zu KiB below 16 MiB are not to be had", size >> 10);
	for (size_t at = 0; at < size; at += PAGE_SIZE)
		if (!expect_below(vmalloc_to_pfn(p + at), (16ul << 20) >> PAGE_SHIFT))
			break;
	kvfree(p);
}

TEST(kvmalloc, sensitive_refused, "kvfree_sensitive() clears no more than there is, and only once")
{
	char *area = vmalloc(2 * PAGE_SIZE), *object = kvmalloc(64, GFP_KERNEL);
	struct page *frame;

	require(area && object);
	frame = vmalloc_to_page(area + PAGE_SIZE);
	get_page(frame);
	memset(area, 3, 2 * PAGE_SIZE);
	kvfree_sensitive(area + PAGE_SIZE, PAGE_SIZE);
	expect_equal(area[PAGE_SIZE], 3);
	kvfree_sensitive(area, 100 * PAGE_SIZE);
	expect(all_zero(page_address(frame), PAGE_SIZE));
	vm_unmap_aliases();
	kvfree_sensitive(area, 2 * PAGE_SIZE);
	kvfree_sensitive(object, 64);
	kvfree_sensitive(object, 64);
	kvfree_sensitive((void *)PAGE_SIZE, 64);
	put_page(frame);
}

TEST(kvmalloc, kvfree_rcu, "an object stays whole until every CPU has relaxed, then it is freed")
{
	struct with_head *object = kmalloc(sizeof(*object), GFP_KERNEL);
	uint64_t objects = slab_nr_objects();

	require(object);
	pattern_fill(object->contents, sizeof(object->contents), 3);
	kvfree_rcu(object, rcu);
	expect_equal(kvfree_rcu_pending(), 1);
	expect_equal(slab_nr_objects(), objects);
	expect(pattern_holds(object->contents, sizeof(object->contents), 3));
	kvfree_rcu_barrier();
	expect_equal(kvfree_rcu_pending(), 0);
	expect_equal(slab_nr_objects(), objects - 1);
	object = NULL;
	kvfree_rcu(object, rcu);
	expect_equal(kvfree_rcu_pending(), 0);
}

TEST(kvmalloc, kvfree_rcu_mightsleep, "slab objects and areas alike are freed without a head")
{
	uint64_t objects, pages = vmalloc_nr_pages();

	mm_quiesce();
	objects = slab_nr_objects();
	for (unsigned int i = 0; i < 700; i++) {
		void *p = i % 7 ? kmalloc(40, GFP_KERNEL) : vmalloc(PAGE_SIZE);

		require(p);
		kvfree_rcu_mightsleep(p);
	}
	kvfree_rcu_mightsleep(NULL);
	expect_below(kvfree_rcu_pending(), 600);
	kvfree_rcu_barrier();
	expect_equal(kvfree_rcu_pending(), 0);
	mm_quiesce();
	expect_equal(slab_nr_objects(), objects);
	expect_equal(vmalloc_nr_pages(), pages);
}

TEST(kvmalloc, kvfree_rcu_many, "batches are freed as CPUs relax, without anybody waiting for it")
{
	uint64_t most = 0;

	for (unsigned int i = 0; i < 5000; i++) {
		struct with_head *object = kmalloc(sizeof(*object), GFP_KERNEL);

		require(object);
		kvfree_rcu(object, rcu);
		test_relax();
		if (kvfree_rcu_pending() > most)
			most = kvfree_rcu_pending();
	}
	expect_below(most, 2000);
	kvfree_rcu_barrier();
	expect_equal(kvfree_rcu_pending(), 0);
}

/* A value that readers look at, and that CPU 0 replaces again and again. */
static struct with_head *published;
static bool over;

static void replace_or_read(void *context)
{
	unsigned int rounds = platform_cpu() == 0 ? 2000 : 0;

	(void)context;
	while (rounds > 0 || (platform_cpu() != 0 && !__atomic_load_n(&over, __ATOMIC_ACQUIRE))) {
		struct with_head *seen = __atomic_load_n(&published, __ATOMIC_ACQUIRE);

		expect(pattern_holds(seen->contents, sizeof(seen->contents), 11));
		if (rounds > 0) {
			struct with_head *fresh = kmalloc(sizeof(*fresh), GFP_KERNEL);

			require(fresh);
			pattern_fill(fresh->contents, sizeof(fresh->contents), 11);
			__atomic_store_n(&published, fresh, __ATOMIC_RELEASE);
			kvfree_rcu(seen, rcu);
			rounds--;
		}
		tlb_poll(); /* under debug=pagealloc the first CPU waits for it */
		platform_relax();
	}
	if (platform_cpu() == 0)
		__atomic_store_n(&over, true, __ATOMIC_RELEASE);
}

TEST(kvmalloc, kvfree_rcu_readers, "readers on other CPUs never see a freed object")
{
	published = kmalloc(sizeof(*published), GFP_KERNEL);
	require(published);
	pattern_fill(published->contents, sizeof(published->contents), 11);
	over = false;
	test_run_on_cpus(test_nr_cpus(), replace_or_read, NULL);
	kvfree_rcu_barrier();
	kfree(published);
}

TEST(kvmalloc, kvrealloc_fails,
     "what cannot be had larger is as it was; nothing grows as NULL does")
{
	char *p = kmalloc(100, GFP_KERNEL), *q;

	require(p);
	p[99] = 'x';
	fail_arm_pair(1, 2, FAIL_ALL_POINTS);
	expect(!kvrealloc(p, 2 * KMALLOC_MAX_SIZE, GFP_KERNEL | __GFP_NOWARN));
	fail_disarm();
	expect_equal(p[99], 'x');
	q = kvrealloc(NULL, 2 * KMALLOC_MAX_SIZE, GFP_KERNEL | __GFP_NOWARN);
	if (q) /* so much there may not be */
		expect(is_vmalloc_addr(q));
	kvfree(q);
	q = kvrealloc(ZERO_SIZE_PTR, 2 * KMALLOC_MAX_SIZE, GFP_KERNEL | __GFP_NOWARN);
	kvfree(q);
	kfree(p);
}

TEST(kvmalloc, sensitive_nothing, "kvfree_sensitive() of nothing does nothing")
{
	kvfree_sensitive(NULL, 100);
	kvfree_sensitive(ZERO_SIZE_PTR, 0);
	expect_equal(ksize(NULL), 0);
}
