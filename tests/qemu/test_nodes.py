# SPDX-License-Identifier: BSD-2-Clause
"""Machines whose memory belongs to nodes."""
from check import check

TWO_NODES = [
    "-object", "memory-backend-ram,id=m0,size=256M",
    "-object", "memory-backend-ram,id=m1,size=256M",
    "-numa", "node,memdev=m0,cpus=0-1", "-numa", "node,memdev=m1,cpus=2-3"]


@check("nodes.two", "two nodes are seen, both have frames, and all tests pass")
def two_nodes(context):
    with context.machine(image=context.image, memory="512M", cpus=4, extra=TWO_NODES) as machine:
        results = context.run(machine)
    context.require(results.lines_with("nodes: 2"), "two nodes were not seen")
    for node in ("node 0", "node 1"):
        lines = results.lines_with(node + ":", "frames taken")
        context.require(len(lines) == 1 and " 0 frames" not in lines[0],
                        f"{node} has no frames")


@check("nodes.one", "a machine without such a table has one node")
def one_node(context):
    with context.machine(kernel=context.application, append="test=page_alloc.alloc_pages_node",
                         memory="256M") as machine:
        results = context.run(machine)
    context.require(results.lines_with("nodes: 1", "no srat"), "it does not say: one node")
