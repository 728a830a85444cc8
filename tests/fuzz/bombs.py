"""Tables that are small on paper and large when read."""

from __future__ import annotations

from random import Random


def bomb(random: Random) -> bytes:
    """Tables that are small on paper and large when read: nesting, calls of calls, rings, long names, many rows."""
    head = "format: 1\ninput: {channels: 3, resolution: 224}\nrounding: floor\n"
    size = random.choice([1, 10, 100, 1000, 5000])
    way = random.randrange(12)
    if way == 0:
        text = random.choice("[{") * (size * 20)
    elif way == 1:
        text = head + "layers: " + "[" * size + "]" * size
    elif way == 2:  # blocks that call the next block twice
        depth = random.choice([4, 12, 30, 60])
        calls = [f"  b{i}: {{layers: [{{op: b{i + 1}}}, {{op: b{i + 1}}}]}}" for i in range(depth)]
        text = head + "blocks:\n" + "\n".join(calls) + f"\n  b{depth}: {{layers: [{{op: relu}}]}}\nlayers: [{{op: b0}}]"
        text = text.replace("op: relu", "op: activation")
    elif way == 3:  # a ring of blocks
        count = random.choice([1, 2, 5, 300])
        text = (
            head
            + "blocks:\n"
            + "\n".join(f"  b{i}: {{layers: [{{op: b{(i + 1) % count}}}]}}" for i in range(count))
            + "\nlayers: [{op: b0}]"
        )
    elif way == 4:  # repeats of repeats, far above and just below what is sensible
        repeat = random.choice([10, 100, 1001, 10**6, 10**12])
        text = (
            head
            + f"layers: [{{repeat: {repeat}, layers: [{{repeat: {random.choice([1, 8, repeat])}, layers: [{{op: dropout}}]}}]}}]"
        )
        if repeat > 1001:
            text = text.replace(f"repeat: {10**6}", "repeat: 1000001")
    elif way == 5:
        name = "a" * (size * 10)
        text = (
            head
            + f"layers: [{{op: conv, name: {name}, kernel_size: 3, out_channels: 8}}, {{op: conv, from: {name}x, kernel_size: 1, out_channels: 8}}]"
        )
    elif way == 6:
        rows = [
            f"  - {{op: conv, name: r{i}, kernel_size: 3, out_channels: {8 + i % 5}, from: {f'r{i - 1}' if i else 'input'}}}"
            for i in range(min(size, 2000))
        ]
        text = (
            head
            + "layers:\n"
            + "\n".join(rows)
            + random.choice(["", "\n  - {op: add, from: [r0, rr]}", "\n  - {op: conv, name: r0}"])
        )
    elif way == 7:  # each concat has both of the rows above: channels grow as fast as rows
        rows = ["{op: conv, name: c0, kernel_size: 1, out_channels: 8}"]
        rows += [
            f"{{op: concat, name: c{i}, from: [c{i - 1}, c{i - 1}]}}" for i in range(1, random.choice([8, 60, 1500]))
        ]
        text = head + "layers: [" + ", ".join(rows) + "]"
    elif way == 8:
        depth = random.choice([3, 12, 15, 30])
        row = "{op: activation}"
        for _ in range(depth):
            row = f"{{op: add, branches: [[{row}], []]}}"
        text = head + f"layers: [{row}]"
    elif way == 9:
        text = head + "".join(f"k{i}: 1\n" for i in range(min(size, 1000))) + "layers: []"
    elif way == 10:
        text = head + "layers:\n" + "  - {op: bogus}\n" * min(size, 1000)
    else:  # upsampled and upsampled: a map of astronomic size
        text = (
            head
            + f"layers: [{{op: upsample, factor: 65536, repeat: {random.choice([1, 5, 60, 500])}}}, {{op: conv, kernel_size: 3, out_channels: 8}}]"
        )
    return text.encode()
