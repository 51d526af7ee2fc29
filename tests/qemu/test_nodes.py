# SPDX-License-Identifier: BSD-2-Clause
"""Machines whose memory belongs to no nodes; those with two are in test_machines.py."""
from check import check


@check("nodes.one", "a machine without such a table has one node")
def one_node(context):
    with context.machine(kernel=context.application, append="test=page_alloc.alloc_pages_node",
                         memory="256M") as machine:
        results = context.run(machine)
    context.require(results.lines_with("nodes: 1", "no srat"), "it does not say: one node")
