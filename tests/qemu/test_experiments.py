# SPDX-License-Identifier: BSD-2-Clause
"""Experiments, built into an application of their own: the worked examples, ones that go wrong, and
Linux's own test module from Debian's kernel sources, where a package has them."""
import glob
import os
import re
import subprocess
import threading

import ktap
from check import ROOT, Skipped, check
from qemu import FAILED, PASSED, PATIENCE
from run import verdict

EXAMPLES = ["fragmentation", "guard_cost", "tlb_reach", "tlb_stale"]
LIMIT = 30  # seconds a test may take
ENDLESS_LIMIT = 5  # where one takes all of them, and the others nearly nothing
SUMMARY = re.compile(r"^# Summary: (\S+) passed: (\d+) failed: (\d+)")
BUILDING = threading.Lock()

# One that faults, one that leaks, one that loops for ever, and one that must still be run.
BAD = """
#include <vmlab.h>

EXPERIMENT(bad_1_fault, "a stray write is reported")
{
	play_frames(3);
	*(volatile int *)0x123 = 1;
}

EXPERIMENT(bad_2_leak, "a leak is reported")
{
	vmalloc(3 * PAGE_SIZE);
}

EXPERIMENT(bad_3_endless, "a loop without an end is ended")
{
	for (volatile int i = 0;; i++)
		;
}

EXPERIMENT(bad_4_good, "the run goes on")
{
	expect_equal(option_u64("answer", 0), 42);
}
"""


# A module of the kind that is written for Linux, with a parameter and threads; what it prints.
MODULE = os.path.join(ROOT, "tests", "qemu", "module_of_tests.c")
MODULE_LINES = ("15 areas of 3 threads", "works added up to 145", "00000000: 65 6c 65 76 65 6e",
                "eleven byte", "local apic, version 0x", "worked 5 rounds")


# Threads that wait for each other without a word to the scheduler, where each has a CPU of its own;
# locks, counters, moves from CPU to CPU, and one that never begins.
THREADS = """
#include <linux/module.h>

static DEFINE_MUTEX(mutex);
static DECLARE_RWSEM(start);
static DECLARE_COMPLETION(all_done);
static DEFINE_PER_CPU(unsigned int, visits);
static atomic_t here, left;
static unsigned long counted, seen;

static int work(void *data)
{
	unsigned int alone = num_online_cpus() > 1 ? num_online_cpus() : 1;

	down_read(&start);
	atomic_inc(&here);
	while ((unsigned int)atomic_read(&here) < alone) {
		char *area = vmalloc(PAGE_SIZE);

		vfree(area);
		cpu_relax();
	}
	for (int i = 0; i < 1000; i++) {
		mutex_lock(&mutex);
		counted++;
		seen |= 1ul << smp_processor_id();
		mutex_unlock(&mutex);
		this_cpu_inc(visits);
	}
	synchronize_rcu();
	up_read(&start);
	if (atomic_dec_and_test(&left))
		complete(&all_done);
	while (!kthread_should_stop())
		msleep(1);
	return (int)(long)data;
}

static int travel(void *data)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (set_cpus_allowed_ptr(current, cpumask_of(cpu)) || smp_processor_id() != cpu)
			return -1;
	return set_cpus_allowed_ptr(current, cpumask_of(NR_CPUS - 1)) == -EINVAL ? 0 : -2;
}

static int __init threads_init(void)
{
	unsigned int nr = num_online_cpus(), cpu, total = 0;
	struct task_struct *tasks[16], *one;

	atomic_set(&left, (int)nr);
	down_write(&start);
	for (unsigned int i = 0; i < nr; i++)
		tasks[i] = kthread_run(work, (void *)(long)(100 + i), "work/%u", i);
	up_write(&start);
	while (!wait_for_completion_timeout(&all_done, HZ))
		;
	for (unsigned int i = 0; i < nr; i++)
		if (kthread_stop(tasks[i]) != (int)(100 + i))
			return -1;
	for_each_online_cpu(cpu)
		total += per_cpu(visits, cpu);
	pr_info("%u threads on CPUs 0x%lx counted %lu, %u\\n", nr, seen, counted, total);
	one = kthread_create(work, NULL, "never");
	kthread_bind(one, nr - 1);
	if (kthread_stop(one) != -EINTR)
		return -2;
	one = kthread_run(travel, NULL, "travel");
	return kthread_stop(one) ? -3 : -EAGAIN;
}
module_init(threads_init);
"""

# One thread faults while the module waits for it.
THREAD_FAULTS = """
#include <linux/module.h>

static DECLARE_COMPLETION(never);

static int work(void *data)
{
	*(volatile int *)0x123 = 1;
	return 0;
}

static int __init faulty_init(void)
{
	kthread_run(work, NULL, "faulty");
	wait_for_completion(&never);
	return -EAGAIN;
}
module_init(faulty_init);
"""


def build(context, *sources, name="vmlab.efi"):
    """The application with `sources` in it; all objects but theirs are there already."""
    target = context.path(name)
    with BUILDING:
        made = context.make("experiments/" + name, "EXPERIMENTS=" + " ".join(
            os.path.abspath(source) for source in sources))
        subprocess.run(["cp", made, target], check=True)
    return target


def run(context, sources, options, limit=LIMIT, **what):
    """The status and the results of one run with `sources`, which need not be a pass."""
    with context.machine(kernel=build(context, *sources), append="test=experiment " + options,
                         memory="512M", limit=limit + 2, **what) as machine:
        status, wrong = verdict(machine, machine.follow(PATIENCE))
        context.require(not wrong, wrong)
        return status, ktap.parse(machine.debug.text())[-1]


def outcomes(results):
    return {name.replace("experiment.", ""): outcome for name, outcome, *_ in results.tests}


def expect_lines(context, results, lines):
    for line in lines:
        context.require(results.lines_with(line), "no line: " + line)


@check("experiments.module", "a module written for Linux runs as it is; callers have names")
def linux_module(context):
    status, results = run(context, [MODULE], "module_of_tests.rounds=5")
    context.require(status == PASSED, "failed: " + ", ".join(results.names("failed")))
    expect_lines(context, results, MODULE_LINES + ("called by module_of_tests_init+0x",))


@check("experiments.examples", "the worked examples pass and report figures")
def examples(context):
    sources = [os.path.join(ROOT, "tests", "experiments", name + ".c") for name in EXAMPLES]
    status, results = run(context, sources, "fragmentation.turns=500")
    context.add(results)
    context.require(status == PASSED, "failed: " + ", ".join(results.names("failed")))
    context.require(outcomes(results)["tlb_reach"] == "skipped", "an emulator's TLB was measured")
    for name in EXAMPLES[:2] + EXAMPLES[3:]:
        context.require(results.lines_with("# report experiment." + name), name + " has no figure")


@check("experiments.host", "examples and a module with a thread run in the host build too")
def host(context):
    sources = [os.path.join(ROOT, "tests", "experiments", name + ".c") for name in EXAMPLES]
    program = build(context, *sources, MODULE, name="vmlab-host")
    done = subprocess.run([program, "test=experiment", "fragmentation.turns=500",
                           "module_of_tests.rounds=5"], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE)
    results = ktap.parse(done.stdout.decode("utf-8", "replace"))[-1]
    context.add(results)
    context.require(done.returncode == 0 and not results.problem(),
                    str(results.problem()) + "\n" + "\n".join(results.lines[-20:]))
    seen = outcomes(results)
    context.require(seen["module_of_tests"] == "passed" and seen["tlb_reach"] == "skipped",
                    str(seen))
    expect_lines(context, results, MODULE_LINES)
    for name in EXAMPLES[:2] + EXAMPLES[3:]:
        context.require(results.lines_with("# report experiment." + name), name + " has no figure")


@check("experiments.bad", "experiments that fault, leak or loop are reported as that, and it goes on")
def bad(context):
    source = context.path("bad.c")
    with open(source, "w", encoding="ascii") as file:
        file.write(BAD)
    status, results = run(context, [source], f"limit={ENDLESS_LIMIT}s bad_4_good.answer=42",
                          ENDLESS_LIMIT)
    seen = outcomes(results)
    context.require(status == FAILED, "the run did not fail")
    context.require(results.lines_with("leaked 3 frames"), "no line names the leak")
    for name in ("bad_1_fault", "bad_2_leak", "bad_3_endless"):
        context.require(seen.get(name) == "failed", f"{name}: {seen.get(name)}")
    context.require(seen.get("bad_4_good") == "passed", "the run did not go on")


@check("experiments.threads", "threads of a module run each on its own CPU, or take turns on one")
def threads(context):
    sources = []
    for name, text in (("threads", THREADS), ("faulty", THREAD_FAULTS)):
        sources.append(context.path(name + ".c"))
        with open(sources[-1], "w", encoding="ascii") as file:
            file.write(text)
    for cpus in (1, 3):
        status, results = run(context, sources, f"seed=7 limit={LIMIT}s", cpus=cpus)
        seen = outcomes(results)
        context.require(seen == dict(seen, threads="passed", faulty="failed"), str(seen))
        said = f"{cpus} threads on cpus {(1 << cpus) - 1:#x} counted {cpus}000, {cpus}000"
        context.require(results.lines_with(said), f"nobody says: {said}")
        context.require(bool(results.lines_with("another cpu cannot go on")) == (cpus > 1),
                        "the module goes on waiting for a thread that has faulted")


def summaries(context, status, results, threads):
    """Of Linux's own module: each worker ran each test, and what failed is known."""
    context.require(status == PASSED, "failed: " + ", ".join(results.names("failed")))
    context.add(results)
    lines = [match for match in map(SUMMARY.match, results.lines) if match]
    context.require(len(lines) >= 10 * threads, f"{len(lines)} lines of Summary")
    for line in lines:
        wanted = "1" if line[1] == "align_shift_alloc_test" else "0"
        context.require(line[3] == wanted, line[0])


def module(package):
    def run_module(context):
        archives = glob.glob(f"/usr/src/{package}.tar.xz")
        if not archives:
            raise Skipped(f"the package {package} is not installed")
        source = context.path("test_vmalloc.c")
        with open(source, "wb") as copy:
            subprocess.run(["tar", "xJOf", archives[0], "--occurrence",
                            package + "/lib/test_vmalloc.c"], stdout=copy, check=True)
        summaries(context, *run(context, [source], "test_vmalloc.test_loop_count=200"), 1)
    return run_module


for name in ("linux-source-6.1", "linux-source-6.12"):
    check("experiments." + name, f"lib/test_vmalloc.c of {name}, unmodified: nothing failed")(
        module(name))
