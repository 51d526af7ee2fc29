# SPDX-License-Identifier: BSD-2-Clause
"""The proofs, and of each a bug that must be found: (file, what stands there, what is put there).

`unwind` bounds every loop, `loops` single ones tighter; that they end within is proved as well.
What is named in `any` may answer anything; calls of what `replace` names lead to something else.
`objects`: bits for the number of an object, where CBMC's own 8 do not do.
"""

PROOFS = {
    "blocks": {
        "unwind": 8,
        "plant": ("mm/buddy.c", "if (order > aligned)", "if (order > aligned + 1)")},
    "buddy_claim": {
        "file": "buddy_run", "defines": ["PROVE_PART=claim"], "unwind": 9,
        "loops": ["zone_claim_run.0:5", "block_of.0:5"],
        "replace": {"list_block": "list_any", "unlist_block": "unlist_any",
                    "zone_give_run": "give_any"},
        "plant": ("mm/buddy.c", "zone_give_run(zone, end, last - end);",
                  "zone_give_run(zone, end, last - end - 1);")},
    "buddy_give": {
        "file": "buddy_run", "defines": ["PROVE_PART=give"], "unwind": 9,
        "loops": ["give_block.0:5", "zone_give_run.0:7"],
        "replace": {"list_block": "list_any", "unlist_block": "unlist_any"},
        "plant": ("mm/buddy.c", "pfn &= ~((uint64_t)1 << order);", "")},
    "buddy_lists": {
        "unwind": 6,
        "plant": ("mm/buddy.c", "pfn_to_page(page->next)->prev = page->prev;",
                  "pfn_to_page(page->next)->prev = NO_FRAME;")},
    "buddy_take": {
        "unwind": 12,
        "loops": ["give_block.0:5", "zone_give_run.0:5", "zone_take_block.0:4"],
        "plant": ("mm/buddy.c", "*pfn + ((uint64_t)1 << found), found)",
                  "*pfn + ((uint64_t)1 << order), found)")},
    "entries": {
        "unwind": 8,
        "plant": ("pagetables/entry.h",
                  "flags |= entry & _PAGE_PAT_LARGE ? _PAGE_PAT : 0;", "")},
    "fit_best": {
        "file": "fit", "defines": ["PROVE_POLICY=prove_best"], "unwind": 2,
        "replace": {"find_best": "best_below", "slots_in": "any_slots_in"},
        "plant": ("mm/free_fit.c", "if (size < *best && slots_in",
                  "if (size <= *best && slots_in")},
    "fit_lowest": {
        "file": "fit", "defines": ["PROVE_POLICY=prove_lowest"], "unwind": 2,
        "replace": {"find_lowest": "lowest_below", "slots_in": "any_slots_in"},
        "plant": ("mm/free_fit.c", "node->subtree_max >= request->length",
                  "node->subtree_max > request->length")},
    "fit_top": {
        "file": "fit", "defines": ["PROVE_POLICY=prove_top"], "unwind": 2,
        "replace": {"find_top": "top_below", "slots_in": "any_slots_in"},
        "plant": ("mm/free_fit.c", "*address = slots.last;", "*address = slots.first;")},
    "free_change": {
        "unwind": 3,
        "plant": ("mm/free_space.c", "if (right && right->va_start == end)",
                  "if (right && right->va_start < end)")},
    "range": {
        "unwind": 8,
        "plant": ("pagetables/tables.h", "virt < virt + size && ", "")},
    "sizes_ioremap": {
        "unwind": 3,
        "any": ["cachemode2protval", "pgprot2cachemode", "vm_may_wait", "vm_refuse", "vm_claim",
                "vm_unmap_area", "vmap_area_.*", "walk_lookup", "memblock_end"],
        "plant": ("mm/ioremap.c", "mapping->phys - start + mapping->size", "mapping->size")},
    "sizes_vmalloc": {
        "unwind": 9,
        "any": ["area_class_with", "area_room_free", "is_vmalloc_addr", "kfree", "krealloc",
                "ksize", "platform_abort", "run_stack_raise", "slab_context_allows", "vfree",
                "vm_drain_deferred", "vm_get_pages", "vm_held_map_slow", "vm_map_pages",
                "vm_may_wait", "vm_put_pages", "vm_refuse", "vmap_area_free_unused",
                "vmap_area_is_up", "vrealloc", "wait_for_another_cpu", "warn_alloc"],
        "plant": ("mm/vmalloc.c", "if (__builtin_mul_overflow(n, size, &bytes))",
                  "bytes = n * size;\n\tif (bytes < size)")},
    "slots_count": {
        "file": "slots", "defines": ["PROVE_PART=count"], "unwind": 65,
        "plant": ("mm/free_fit.c", "/ request->align + 1;", "/ request->align;")},
    "slots_ends": {
        "file": "slots", "defines": ["PROVE_PART=ends"], "unwind": 1,
        "plant": ("mm/free_fit.c", "slots->first >= start + request->front && ", "")},
    "slots_limits": {
        "file": "slots", "defines": ["PROVE_PART=limits"], "unwind": 1,
        "plant": ("mm/free_fit.c", "end - start < request->length", "start >= request->end")},
    "table_map": {
        "file": "table", "defines": ["PROVE_PART=map"], "unwind": 5, "objects": 10,
        "loops": ["map_all.0:2", "map_small.0:3", "spot_is_free.0:2", "spot_raise.0:2",
                  "write_leaves.0:2"],
        "replace": {"walk_to": "walk_any", "map_piece": "map_nothing", "undo": "undo_nothing"},
        "plant": ("pagetables/tables.h", "for (; entry < end; entry++)",
                  "for (; entry + 1 < end; entry++)")},
    "table_unmap": {
        "file": "table", "defines": ["PROVE_PART=unmap"], "unwind": 5, "objects": 10,
        "loops": ["clear_full.0:2", "unmap_all.0:3"],
        "replace": {"walk_to": "walk_any"},
        "plant": ("pagetables/unmap.c", "if (entry_is_mapped(entry_read(entry))) {",
                  "if (entry_read(entry)) {")},
    "tree_change": {
        "unwind": 200,
        "plant": ("mm/area_tree.c", "way_add(&way, link);\n\trepair(", "repair(")},
    "tree_step": {
        "unwind": 17,
        "plant": ("mm/area_tree.c",
                  "if (height_of(node->left->left) < height_of(node->left->right))",
                  "if (height_of(node->left->left) + 1 < height_of(node->left->right))")},
}
