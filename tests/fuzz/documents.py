"""The documents of an invented answer: candidates around its parts, and what else stands in them."""

import random
from typing import Any

from tests.fuzz import odd, parts
from tests.fuzz.json_text import Obj, Raw
from tests.fuzz.plan import ANY, Plan, Truth

Key = Any
_NULLS = ("promptFeedback", "usageMetadata", "modelStatus", "createTime", "continuationToken", "modelVersion")
_CANDIDATE_NULLS = (
    "finishReason",
    "finishMessage",
    "safetyRatings",
    "citationMetadata",
    "groundingMetadata",
    "tokenCount",
)


def build(plan: Plan) -> tuple[list[Any], Truth]:
    """The documents in order, and what must arrive."""
    truth = Truth("whole")
    key = parts.snake if "snake" in plan.quirks else str
    indexes = plan.candidates
    truth.candidates = {index: [] for index in indexes}
    count = max((part.document for part in plan.parts), default=0) + 1
    held: list[dict[int, list[Any]]] = [{} for _ in range(count)]
    for part in plan.parts:
        node, expected = parts.build(plan, part)
        held[part.document].setdefault(part.candidate, []).append(node)
        if expected is not None:
            truth.candidates[part.candidate].append(expected)
    late = "finish-late" in plan.quirks and plan.framing != "object"
    if late:
        held.append({})
    documents = [_document(plan, number, those, key) for number, those in enumerate(held)]
    for index in indexes:
        _finish(plan, documents, index, truth, key)
    _usage(plan, documents, truth, key)
    _outer(plan, documents, truth, key)
    if "extra-documents" in plan.quirks and plan.framing != "object":
        rng = plan.rng("extra")
        for _ in range(rng.randint(1, 3)):
            documents.insert(rng.randint(0, len(documents)), _extra(rng, key, bare=plan.framing == "sse"))
    if "candidates-last" in plan.quirks:
        for document in documents:
            if isinstance(document, Obj):
                document.sort(key=lambda pair: pair[0] == "candidates")
    return documents, truth


def _document(plan: Plan, number: int, those: dict[int, list[Any]], key: Key) -> Obj:
    candidates = []
    quirks, rng = plan.quirks, plan.rng("document", number)
    for index, nodes in those.items():
        inside: Any = nodes
        if "nulls-in-lists" in quirks:
            inside = [None, *nodes]
        if "single-objects" in quirks and len(nodes) == 1 and nodes[0] is not None:
            [inside] = nodes
        content = Obj([("parts", inside), ("role", "model")])
        if "no-role" in quirks:
            content[1] = ("role", rng.choice([None, "", "MODEL", 7]))
        if "unknown-content" in quirks:
            content.insert(rng.randint(0, 2), ("contentExtra", odd.value(rng)[0]))
        if "role-first" in quirks:
            content.reverse()
        candidate = Obj([("content", content)])
        if len(plan.candidates) > 1 or {"index-string", "index-odd"} & set(quirks) or rng.random() < 0.7:
            said: Any = rng.choice([f"{index}", float(index)]) if "index-string" in quirks else index
            if "index-odd" in quirks and len(plan.candidates) == 1:
                said = rng.choice([-1, 2**31, 99999999999, 2**63, -(2**70), "x", [], 0.5, {}])
            # Of several candidates nobody can tell whose a content is before the index has come.
            candidate.insert(0 if "index-first" in quirks or len(plan.candidates) > 1 else 1, ("index", said))
        elif "nulls" in quirks:
            candidate.append(("index", None))
        candidates.append(candidate)
    if "candidates-reversed" in quirks:
        candidates.reverse()
    if "nulls-in-lists" in quirks:
        candidates.append(None)
    made: Any = candidates
    if "single-objects" in quirks and len(candidates) == 1:
        [made] = candidates
    return Obj([("candidates", made)])


def _of(plan: Plan, document: Obj, index: int) -> Obj:
    """A document's candidate, made where it lacks."""
    said = dict(document)["candidates"]
    among = said if isinstance(said, list) and not isinstance(said, Obj) else [said]
    for candidate in among:
        if candidate is not None and (len(plan.candidates) == 1 or int(dict(candidate).get("index") or 0) == index):
            return candidate
    made = Obj([("index", index)])
    if said is not among:
        document[[name for name, _ in document].index("candidates")] = ("candidates", among)
    among.append(made)
    return made


def _finish(plan: Plan, documents: list[Any], index: int, truth: Truth, key: Key) -> None:
    rng = plan.rng("finish", index)
    word: Any = rng.choice(["STOP"] * 6 + ["MAX_TOKENS", "IMAGE_SAFETY", "NO_IMAGE", "A_REASON_OF_NEXT_YEAR"])
    truth.finishes[index] = word
    for quirk in plan.quirks:
        early = _of(plan, rng.choice(documents[:-1]), index) if len(documents) > 1 else None
        if quirk == "finish-early" and early is not None:
            _set(early, key("finishReason"), "STOP")
        elif quirk == "finish-unspecified-first" and early is not None:
            _set(early, key("finishReason"), rng.choice(["FINISH_REASON_UNSPECIFIED", "", 0]))
        elif quirk == "finish-lower":
            word, truth.finishes[index] = "stop", ANY
        elif quirk == "finish-number":
            word, truth.finishes[index] = rng.choice([1, "1"]), ANY
        elif quirk == "finish-unspecified":
            word, truth.finishes[index] = "FINISH_REASON_UNSPECIFIED", ANY
            truth.outcome, truth.reason = "either", "UPSTREAM_CUT"
    last = _of(plan, documents[-1], index)
    _set(last, key("finishReason"), word)
    if "finish-message" in plan.quirks:
        _set(last, key("finishMessage"), rng.choice(["done", Raw(b'"a\\ud800"'), None, ""]))
    if "finish-then-null" in plan.quirks:
        documents.append(Obj([("candidates", [Obj([("index", index), (key("finishReason"), None)])])]))
        if plan.framing == "object":
            documents.pop()
    truth.candidate_fields[index] = {}
    _candidate_fields(plan, last, index, truth, key)


def _candidate_fields(plan: Plan, last: Obj, index: int, truth: Truth, key: Key) -> None:
    rng = plan.rng("candidate", index)
    quirks, fields = plan.quirks, truth.candidate_fields[index]
    if "nulls" in quirks:
        there = {parts.snake(name) for name, _ in last}
        last += [(key(name), None) for name in _CANDIDATE_NULLS if parts.snake(name) not in there]
    if "ratings" in quirks:
        rating = {"category": "HARM_CATEGORY_HARASSMENT", "probability": rng.choice(["LOW", None, 3])}
        odd_ones = [None, {}, {"category": None, "blocked": "yes"}, "x", {**rating, "probabilityScore": Raw(b"NaN")}]
        last.append((key("safetyRatings"), rng.choice([[], [rating, rng.choice(odd_ones)], rating])))
    for name in ("groundingMetadata", "citationMetadata"):
        if name in quirks:
            last.append(
                (key(name), rng.choice([{"a": [1], "data": odd.base64_of(rng)}, [], "x", odd.deep(80, rng)[0]]))
            )
    for sort in odd.SORTS:
        if f"unknown-candidate-{sort}" in quirks:
            name = f"candidateExtra{sort}"
            value, fields[name] = odd.value(plan.rng(name, index), sort)
            last.insert(rng.randint(0, len(last)), (name, value))
    if "avg-logprobs" in quirks:
        last.append(("avgLogprobs", rng.choice([-0.25, "NaN", Raw(b"NaN"), Raw(b"-Infinity")])))


def _usage(plan: Plan, documents: list[Any], truth: Truth, key: Key) -> None:
    rng = plan.rng("usage")
    inside, outside, thoughts = rng.randint(0, 5000), rng.randint(0, 5000), rng.randint(0, 500)
    counts = {"promptTokenCount": inside, "candidatesTokenCount": outside, "thoughtsTokenCount": thoughts}
    counts["totalTokenCount"] = sum(counts.values())
    plain, said = True, dict[str, Any](counts)
    for quirk in plan.quirks:
        if quirk == "usage-strings":
            said = {name: str(count) for name, count in counts.items()}
        elif quirk == "usage-odd":
            plain = False
            literals = ["-5", "9223372036854775808", "1e30", "NaN", "1.5", "true", "[]", '"x"', "null", "1" + "0" * 400]
            said = {name: Raw(rng.choice(literals).encode()) for name in counts}
        elif quirk == "usage-details":
            details = [
                {"modality": rng.choice(["IMAGE", "image", None, 2]), "tokenCount": rng.choice([5, "5", None, -1])}
            ]
            said["candidatesTokensDetails"] = rng.choice([details, [None, *details], details[0], None])
        elif quirk == "no-usage":
            return
    made = Obj((key(name), value) for name, value in said.items())
    for number, document in enumerate(documents):
        if isinstance(document, Obj) and number < len(documents) - 1 and "usage-each" in plan.quirks:
            document.append(
                (key("usageMetadata"), Obj([(key("promptTokenCount"), inside), (key("totalTokenCount"), inside)]))
            )
    if "usage-own-document" in plan.quirks and plan.framing != "object":
        documents.append(Obj([(key("usageMetadata"), made)]))
    else:
        documents[-1].append((key("usageMetadata"), made))
    if plain:
        truth.usage = {"prompt_tokens": inside, "candidates_tokens": outside, "thoughts_tokens": thoughts}


def _outer(plan: Plan, documents: list[Any], truth: Truth, key: Key) -> None:
    """Fields of whole documents."""
    rng, quirks = plan.rng("outer"), plan.quirks
    for document in documents:
        there = {parts.snake(name) for name, _ in document}
        if "nulls" in quirks:
            document += [(key(name), None) for name in _NULLS if parts.snake(name) not in there]
        if "version" in quirks:
            document.insert(rng.randint(0, len(document)), (key("responseId"), "r-1"))
    for sort in odd.SORTS:
        if f"unknown-top-{sort}" in quirks:
            name = f"topExtra{sort}"
            value, truth.fields[name] = odd.value(plan.rng(name), sort)
            document = rng.choice(documents)
            document.insert(rng.randint(0, len(document)), (name, value))
    if "model-status" in quirks:
        odd_time = rng.choice(["2027-03-15T00:00:00Z", "soon", 5, None])
        documents[-1].append(
            (key("modelStatus"), {"modelStage": rng.choice(["STABLE", 3]), "retirementTime": odd_time})
        )
    if "prompt-feedback" in quirks:
        documents[0].append((key("promptFeedback"), rng.choice([{}, {"safetyRatings": None}, {"blockReason": None}])))


def _extra(rng: random.Random, key: Key, *, bare: bool) -> Any:
    """A document that says nothing."""
    shapes: list[Any] = [
        Obj(),
        Obj([("candidates", [])]),
        Obj([("candidates", None)]),
        Obj([("candidates", [None])]),
        Obj([("candidates", [Obj([("content", None)])])]),
        Obj([("candidates", [Obj([("content", Obj([("parts", None)]))])])]),
        Obj([("candidates", [Obj([("content", Obj([("role", "model"), ("parts", [])]))])])]),
        Obj([("candidates", [Obj([("content", Obj([("parts", [Obj()])]))])])]),
        Obj([(key("usageMetadata"), Obj([(key("trafficType"), "ON_DEMAND")]))]),
        Obj([(key("modelVersion"), "m"), ("more", 1)]),
        None,
    ]
    return rng.choice([*shapes, [], "ping"] if bare else shapes)


def _set(candidate: Obj, name: str, value: Any) -> None:
    candidate[:] = [pair for pair in candidate if pair[0] != name]
    candidate.append((name, value))
