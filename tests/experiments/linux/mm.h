/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/* Frames: mm/ has them under Linux's names already. */

#define free_page(address) free_pages((unsigned long)(address), 0)
#define __va(phys) phys_to_virt(phys)
#define __pa(address) virt_to_phys((const void *)(address))
#define page_to_virt(page) page_address(page)
#define virt_to_pfn(address) (__pa(address) >> PAGE_SHIFT)
#define PHYS_PFN(phys) ((unsigned long)((phys) >> PAGE_SHIFT))
#define PFN_PHYS(pfn) ((phys_addr_t)(pfn) << PAGE_SHIFT)
#define PFN_UP(bytes) (((bytes) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(bytes) ((bytes) >> PAGE_SHIFT)
#define kmap_local_page(page) page_address(page)
#define kunmap_local(address) ((void)(address))
#define clear_page(address) memset((address), 0, PAGE_SIZE)
#define copy_page(to, from) memcpy((to), (from), PAGE_SIZE)
#define clear_highpage(page) clear_page(page_address(page))
#define numa_mem_id() numa_node_id()
