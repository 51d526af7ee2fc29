/* SPDX-License-Identifier: BSD-2-Clause */
#include <asm/pgtable.h>
#include <linux/bitmap.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/set_memory.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/* A module as one writes it for Linux: what it includes and calls has to be there. */

static int rounds = 1;
module_param(rounds, int, 0444);
MODULE_PARM_DESC(rounds, "of each thread");

enum { THREADS = 3, JOBS = 10, RING = 4 };

struct job {
	struct work_struct work;
	int value;
};
struct shared {
	struct kref ref;
	struct list_head list;
	char *area;
};

static LIST_HEAD(shared_list);
static DEFINE_SPINLOCK(list_lock);
static DEFINE_MUTEX(text_lock);
static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_BITMAP(seen, 100);
static atomic_t ended = ATOMIC_INIT(0), sum = ATOMIC_INIT(0);

static void release(struct kref *ref)
{
	struct shared *shared = container_of(ref, struct shared, ref);

	vfree(shared->area);
	kfree(shared);
}

static int produce(void *data)
{
	for (int i = 0; i < rounds; i++) {
		struct shared *shared = kzalloc(sizeof(*shared), GFP_KERNEL);
		unsigned long flags;

		if (!shared)
			return -ENOMEM;
		kref_init(&shared->ref);
		shared->area = vmalloc(10000);
		if (shared->area)
			memset(shared->area, (int)(long)data, 10000);
		spin_lock_irqsave(&list_lock, flags);
		list_add_tail(&shared->list, &shared_list);
		spin_unlock_irqrestore(&list_lock, flags);
		cond_resched();
	}
	set_bit((long)data, seen);
	atomic_inc(&ended);
	wake_up_interruptible(&queue);
	return 0;
}

static int run_threads(void)
{
	struct shared *shared, *next;
	int nr = 0;

	for (long i = 0; i < THREADS; i++)
		if (IS_ERR(kthread_run(produce, (void *)(i + 1), "producer/%ld", i)))
			return -ENOMEM;
	wait_event_interruptible(queue, atomic_read(&ended) == THREADS);
	list_for_each_entry_safe(shared, next, &shared_list, list)
	{
		if (!shared->area || memchr_inv(shared->area, shared->area[0], 10000))
			pr_err("an area is not what it was\n");
		list_del(&shared->list);
		nr += kref_put(&shared->ref, release);
	}
	mutex_lock(&text_lock);
	pr_info("%d areas of %u threads\n", nr, bitmap_weight(seen, 100));
	mutex_unlock(&text_lock);
	return nr == THREADS * rounds && find_first_bit(seen, 100) == 1 ? 0 : -EIO;
}

static void do_job(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	atomic_add(job->value, &sum);
	kfree(job);
}

static void tick(struct work_struct *work)
{
	atomic_add(100, &sum);
}

static DECLARE_DELAYED_WORK(ticker, tick);
static DECLARE_DELAYED_WORK(cancelled, tick);

static int run_works(void)
{
	struct workqueue_struct *works = alloc_workqueue("works", WQ_UNBOUND, 0);

	for (int i = 0; i < JOBS; i++) {
		struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

		if (!job)
			return -ENOMEM;
		INIT_WORK(&job->work, do_job);
		job->value = i;
		queue_work(works, &job->work);
	}
	schedule_delayed_work(&ticker, msecs_to_jiffies(10));
	schedule_delayed_work(&cancelled, msecs_to_jiffies(1000000));
	cancel_delayed_work_sync(&cancelled);
	flush_delayed_work(&ticker);
	destroy_workqueue(works);
	pr_info("works added up to %d\n", atomic_read(&sum));
	return atomic_read(&sum) == 145 ? 0 : -EIO;
}

/* A ring seen twice in a row. */
static int wrap_ring(void)
{
	struct page *pages[2 * RING];
	unsigned int flags = memalloc_nofs_save();
	char *ring, *first;
	int result = 0;

	for (int i = 0; i < RING; i++)
		pages[i] = pages[RING + i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	memalloc_nofs_restore(flags);
	ring = vmap(pages, 2 * RING, VM_MAP, PAGE_KERNEL);
	if (!ring)
		return -ENOMEM;
	strscpy(ring + RING * PAGE_SIZE - 4, "12345678", 9);
	first = kmap_local_page(pages[0]);
	if (strcmp(first, "5678") || vmalloc_to_page(ring) != pages[RING])
		result = -EIO;
	kunmap_local(first);
	vunmap(ring);
	for (int i = 0; i < RING; i++)
		put_page(pages[i]);
	return result;
}

static int change_permissions(void)
{
	size_t bytes = array_size(3, PAGE_SIZE);
	char *area = __vmalloc(bytes, GFP_KERNEL | __GFP_ZERO);
	struct vm_struct *vm = find_vm_area(area);
	int result;

	if (!area || !vm || get_vm_area_size(vm) != bytes)
		return -EIO;
	pr_info("called by %pS\n", vm->caller);
	result = set_memory_ro((unsigned long)area, 3);
	result = result ?: set_memory_rw((unsigned long)area, 3);
	print_hex_dump(KERN_INFO, "dump ", DUMP_PREFIX_OFFSET, 16, 1, "eleven byte", 11, true);
	vfree(area);
	return result;
}

static int see_devices(void)
{
	dma_addr_t where;
	void *coherent = dma_alloc_coherent(NULL, 5000, &where, GFP_KERNEL);
	void __iomem *lapic = ioremap(0xfee00000, PAGE_SIZE);

	if (!coherent || !lapic)
		return -ENOMEM;
	pr_info("local APIC, version 0x%02x\n", readl(lapic + 0x30) & 0xff);
	iounmap(lapic);
	dma_free_coherent(NULL, 5000, coherent, where);
	return 0;
}

static int __init module_of_tests_init(void)
{
	int result = run_threads();

	result = result ?: run_works();
	result = result ?: wrap_ring();
	result = result ?: change_permissions();
	return result ?: see_devices();
}

static void __exit module_of_tests_exit(void)
{
	pr_info("worked %d rounds\n", rounds);
}

module_init(module_of_tests_init);
module_exit(module_of_tests_exit);
MODULE_LICENSE("Dual BSD/GPL");
