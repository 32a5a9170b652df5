"""imagewire draw: one call for each prompt, a few at a time. Each picture is saved and reported at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

import imagewire
from imagewire.cli import ask, shared_options
from imagewire.cli.estimate import Estimate, estimate
from imagewire.cli.exits import failures_reported, invalid
from imagewire.cli.output import note, shortened
from imagewire.cli.output_path import output_path
from imagewire.cli.unfinished import Line, Unfinished

if TYPE_CHECKING:
    from imagewire.cli.drawing import Drawing
    from imagewire.cli.progress import Update
    from imagewire.options import Options

# More pictures than this are a mistake: each is a call that is charged.
_MOST = 10_000
# More than this is asked about.
_MOST_UNASKED = 8
_DOLLARS_UNASKED = 1.0


def draw(
    prompts: Annotated[list[str], typer.Argument(metavar="PROMPT", help="What to draw; - reads one from stdin.")],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="A file, a folder, or - for stdout. Default: here, named from the prompt."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite the file that -o names.")] = False,
    number: Annotated[int, typer.Option("-n", min=1, help="How many of each prompt.")] = 1,
    edit: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="A picture to edit: a file or a URI. Repeatable.")
    ] = None,
    model: shared_options.Model = "",
    target: shared_options.Target = None,
    tls_ca: shared_options.TlsCa = None,
    tls_cert: shared_options.TlsCert = None,
    tls_key: shared_options.TlsKey = None,
    aspect_ratio: shared_options.AspectRatio = "",
    size: shared_options.Size = "",
    seed: shared_options.Seed = None,
    service_tier: shared_options.ServiceTier = "",
    output_uri: shared_options.OutputUri = "",
    cache_ttl: shared_options.CacheTtl = None,
    timeout: shared_options.Timeout = 600.0,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask no question, also for many or expensive pictures.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Finish what the same command began before it was killed.")
    ] = False,
    no_preview: shared_options.NoPreview = False,
    as_json: shared_options.AsJson = False,
) -> None:
    """Draw each PROMPT, or edit pictures by it."""
    from imagewire.cli import running, saving

    with failures_reported(as_json=as_json):
        # Check everything that can be checked here before anything is drawn and charged.
        words = _words(prompts)
        pictures_wanted = len(words) * number
        if pictures_wanted > _MOST:
            raise invalid(f"-n: {pictures_wanted} pictures are wanted, and one command draws at most {_MOST}")
        options: Options = {
            "aspect_ratio": aspect_ratio,
            "image_size": size,
            "seed": seed,
            "service_tier": service_tier,
            "output_uri": output_uri,
        }
        shared_options.checked(model, words, options)
        if seed is not None and number > 1:
            raise invalid("--seed and -n exclude each other: one seed gives the same picture again")
        if cache_ttl and number > 1:
            raise invalid("--cache-ttl and -n exclude each other: the cache has one picture of a prompt")
        if number > 1:
            cache_ttl = 0  # each of them is to be another one, whatever the server's setting
        if output_uri and output is not None:
            raise invalid("-o and --output-uri exclude each other: a picture is here, or written there")
        several = pictures_wanted > 1
        if not (yes or resume):
            _check_quotes(prompts)
        with output_path(output, several=several, overwrite=force, as_json=as_json) as goal:
            pictures = [shared_options.picture(source, "--edit") for source in edit or ()]
            line = Line(model, target, options, pictures)
            asked = _to_resume(line, words, number) if resume else [(prompt, None) for prompt in words * number]
            with shared_options.client(target, tls_ca, tls_cert, tls_key, timeout=timeout) as client:
                if not (yes or resume):
                    _check_cost(estimate(client, model, pictures_wanted, size, service_tier))

                asks = saving.Asks(timeout, cache_ttl)

                def one(prompt: str, earlier: Unfinished | None, progress: "Update") -> "Drawing":
                    chat = client.chat.create(model, [imagewire.user(*pictures, prompt)], **options)
                    begun = earlier or line.begin(prompt, goal.folder, temporary=goal.stdout)
                    return saving.drawn(chat, prompt, goal, asks, begun, progress)

                failure = running.run(client, asked, one, goal, previewed=not no_preview, as_json=as_json)
    if failure is not None:
        raise typer.Exit(failure.code)


def _to_resume(line: Line, words: Sequence[str], number: int) -> list[tuple[str, Unfinished | None]]:
    """The calls that an earlier command did not finish. Raises InvalidRequest where there is none."""
    found: list[tuple[str, Unfinished | None]] = []
    for prompt in dict.fromkeys(words):
        found += [(prompt, each) for each in line.unfinished(prompt)[:number]]
    wanted = len(words) * number
    if not found:
        raise invalid(
            "--resume: nothing is unfinished for these prompts, pictures and options; leave it out to draw, or see"
            " `imagewire history`"
        )
    if len(found) < wanted:
        note(f"{wanted - len(found)} of {wanted} are not unfinished, and not drawn again")
    return found


def _words(prompts: Sequence[str]) -> list[str]:
    if prompts.count("-") > 1:
        raise invalid("PROMPT: stdin can be read once, so - stands once")
    words = [shared_options.words_of_stdin("PROMPT").strip() if prompt == "-" else prompt for prompt in prompts]
    if not all(prompt.strip() for prompt in words):
        raise invalid("PROMPT: is empty; say what to draw")
    return words


def _check_quotes(prompts: Sequence[str]) -> None:
    """Ask, or warn, where the words of one prompt may have been taken for several prompts."""
    if len(prompts) == 1 or any(len(prompt.split()) != 1 or prompt == "-" for prompt in prompts):
        return
    hint = f"these are {len(prompts)} prompts; for one prompt, quote it: imagewire draw {shortened(' '.join(prompts))}"
    if not ask.interactive():
        note(f"note: {hint}")
    else:
        note(hint)
        ask.require(f"{len(prompts)} pictures, one for each word")


def _check_cost(cost: Estimate) -> None:
    """Tell what several pictures will cost. Ask before it is much."""
    if cost.number > _MOST_UNASKED or cost.dollars > _DOLLARS_UNASKED:
        ask.require(cost.told())
    elif cost.number > 1 and ask.interactive():
        note(cost.told())
