"""Where Rasa 3.6.21 wastes time or says too much, and what replaces it.

Rasa gets no more releases and its version is pinned, so its code can be known exactly: each patch names the function it
replaces and the digest of that function's source. Another source means another Rasa: the patch is skipped with a
warning, everything works as before, only slower. Numbers: docs/decisions and the benchmark.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import importlib
import inspect
import json
import warnings
from collections.abc import Callable
from typing import Any

import aiohttp

ACTION_TIMEOUT_SECONDS = 8
TURNS_PER_SESSION = 15
MAX_CHARACTERS = 1000

Patch = Callable[[Any], Any]
_PATCHES: list[tuple[str, str, str, Patch]] = []


def replaces(module: str, name: str, digest: str) -> Callable[[Patch], Patch]:
    """Register a maker of a replacement: it is called with the original function and returns the new one."""

    def register(make: Patch) -> Patch:
        _PATCHES.append((module, name, digest, make))
        return make

    return register


def apply_all() -> list[str]:
    """Apply every patch whose target is as expected; return the names of those applied."""
    return [name for module, name, digest, make in _PATCHES if _apply(module, name, digest, make)]


def _apply(module: str, name: str, digest: str, make: Patch) -> bool:
    *path, attribute = name.split(".")
    try:
        owner: Any = importlib.import_module(module)
        for part in path:
            owner = getattr(owner, part)
        original = getattr(owner, attribute)
        found = hashlib.sha256(inspect.getsource(original).encode()).hexdigest()[:12]
    except (ImportError, AttributeError, OSError, TypeError) as error:
        found = f"nothing ({error})"
    if found != digest:
        warnings.warn(f"Rasa differs: {module}.{name} is {found}, expected {digest}; left as it is.", stacklevel=2)
        return False
    static = path and isinstance(inspect.getattr_static(owner, attribute), staticmethod)
    replacement = make(original)
    setattr(owner, attribute, staticmethod(replacement) if static else replacement)
    return True


@replaces("rasa.core.actions.action", "RemoteAction._validate_action_result", "f8cdb4be6812")
def _validate_with_one_validator(_original: Any) -> Any:
    """Rasa checks its own constant schema against the meta-schema at each action call: two thirds of a turn.

    Then it tries each event as each kind of event; here each is checked as what it says it is. The error no longer quotes
    the reply: it would carry the resident's words into the log.
    """
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import validator_for
    from rasa.core.actions.action import RemoteAction
    from rasa.shared.exceptions import RasaException

    schema = copy.deepcopy(RemoteAction.action_response_format_spec())
    event = schema["properties"]["events"]["items"]
    kinds = {kind["properties"]["event"]["const"]: kind for kind in event.pop("oneOf")}
    make = validator_for(schema)
    whole, parts = make(schema), {name: make(kind) for name, kind in kinds.items()}

    def errors(result: Any) -> Any:
        yield from whole.iter_errors(result)
        for found in result.get("events") or ():
            if found["event"] in parts:
                yield from parts[found["event"]].iter_errors(found)
            else:
                yield ValidationError("no such event", validator="oneOf", path=["events"])

    def validate(self: Any, result: Any) -> bool:
        error = next(errors(result), None)
        if error is not None:
            where = "/".join(map(str, error.absolute_path)) or "top"
            raise RasaException(f"Reply of the action server is malformed at {where} ({error.validator}).")
        return True

    return validate


@replaces("rasa.core.processor", "MessageProcessor._check_for_unseen_features", "286ab49de966")
def _warn_of_no_intents(_original: Any) -> Any:
    """Rasa makes an empty domain at each message to see whether ours is one, only to warn of intents that it does not have:
    model and domain are made from the same files."""

    def check_for_unseen_features(self: Any, parse_data: Any) -> None:
        return None

    return check_for_unseen_features


@replaces("rasa.core.actions.action", "RemoteAction.run", "ccabf6f1160d")
def _give_up_sooner(original: Any) -> Any:
    """Rasa waits 300 s for an action and holds the conversation's lock meanwhile; ours answer in milliseconds."""
    import rasa.core.actions.action as module

    module.DEFAULT_REQUEST_TIMEOUT = ACTION_TIMEOUT_SECONDS
    return original


@replaces("rasa.core.actions.action", "RemoteAction._action_call_format", "428795b944f2")
def _send_this_turn_only(original: Any) -> Any:
    """Each call of an action carries the whole session with all earlier answers, and the whole domain.

    Ours look at the slots, the last message and the slots that a form has just filled; the session and the rest of the
    domain were a tenth of the service's time, and thirty whole answers would come near the size that it refuses.
    """
    from rasa.shared.core.events import UserUttered
    from rasa.shared.core.trackers import EventVerbosity

    def action_call_format(self: Any, tracker: Any, domain: Any) -> dict[str, Any]:
        kept = getattr(domain, "_for_actions", None)
        if kept is None:
            whole = domain.as_dict()
            kept = domain._for_actions = {key: whole.get(key) or {} for key in ("slots", "forms")}
        turn: list[dict[str, Any]] = []
        for event in reversed(tracker.events):
            turn.append(event.as_dict())
            if type(event) is UserUttered:
                break
        state = tracker.current_state(EventVerbosity.NONE)
        state["events"] = turn[::-1]
        version = importlib.import_module("rasa").__version__
        sender = tracker.sender_id
        return {"next_action": self._name, "sender_id": sender, "tracker": state, "version": version, "domain": kept}

    return action_call_format


@replaces("rasa.core.policies.rule_policy", "RulePolicy._find_action_from_rules", "be6da6ee0f54")
def _look_for_words_only_where_rules_have_words(original: Any) -> Any:
    """Rasa compares each turn with the rules twice, once by text, although no rule of ours begins with a text."""

    def find_action_from_rules(self: Any, tracker: Any, domain: Any, use_text_for_last_user_input: bool) -> Any:
        if use_text_for_last_user_input and not _Rules.of(self).words:
            return None, None, False
        return original(self, tracker, domain, use_text_for_last_user_input)

    return find_action_from_rules


@replaces("rasa.core.policies.rule_policy", "RulePolicy._prediction_states", "ed9b82bed2f2")
def _look_back_as_far_as_rules_do(_original: Any) -> Any:
    """Rasa makes a state of each step of the session to compare the last few with the rules: make those few only."""
    from rasa.shared.core.events import ActionExecuted

    def prediction_states(
        self: Any,
        tracker: Any,
        domain: Any,
        use_text_for_last_user_input: bool = False,
        rule_only_data: dict[str, Any] | None = None,
    ) -> Any:
        events = tracker.applied_events()
        steps = sum(isinstance(event, ActionExecuted) for event in events)
        skipped = steps - _Rules.of(self).longest
        prior = tracker.init_copy()
        states = []
        for event in events:
            if isinstance(event, ActionExecuted):
                if skipped <= 0:
                    states.append(domain.get_active_state(prior))
                skipped -= 1
            prior.update(event)
        states.append(domain.get_active_state(prior))
        self.featurizer._choose_last_user_input([states], use_text_for_last_user_input)
        return states

    return prediction_states


class _Rules:
    """What a rule policy's rules look at: ``longest``, how many states, and ``words``, whether any needs the text."""

    def __init__(self, policy: Any) -> None:
        keys = [json.loads(key) for name in ("rules", "rules_for_loop_unhappy_path") for key in policy.lookup[name]]
        self.longest = max(map(len, keys), default=0)
        users = [state.get("user") for states in keys for state in states[-1:] if _after_listening(state)]
        self.words = any(not user or not user.get("intent") for user in users)

    @classmethod
    def of(cls, policy: Any) -> _Rules:
        """Read once for each policy."""
        found = policy.__dict__.get("_looked_at")
        if found is None:
            found = policy._looked_at = cls(policy)
        return found


def _after_listening(state: dict[str, Any]) -> bool:
    previous = state.get("prev_action")
    return not previous or previous.get("action_name") == "action_listen"


@replaces("rasa.utils.endpoints", "EndpointConfig.session", "e55aa13d9d4f")
def _keep_connections(original: Any) -> Any:
    """Rasa opens a connection for each action call; one session per endpoint and event loop keeps it open."""

    class KeptOpen:
        """What ``async with endpoint.session()`` needs, without closing the session afterwards."""

        def __init__(self, session: aiohttp.ClientSession) -> None:
            self.session = session

        async def __aenter__(self) -> aiohttp.ClientSession:
            return self.session

        async def __aexit__(self, *_error: object) -> None:
            """Stays open for the next call."""

    def session(self: Any) -> KeptOpen:
        loop = asyncio.get_running_loop()
        kept = getattr(self, "_kept", None)
        if kept is None or kept[0] is not loop or kept[1].closed:
            kept = self._kept = (loop, original(self))
        return KeptOpen(kept[1])

    return session


@replaces("rasa.core.run", "close_resources", "bc3d36e8149e")
def _close_connections(original: Any) -> Any:
    """The other half of the patch above."""

    async def close_resources(app: Any, loop: Any) -> None:
        agent = getattr(app.ctx, "agent", None)
        kept = getattr(getattr(agent, "action_endpoint", None), "_kept", None)
        if kept:
            await kept[1].close()
        await original(app, loop)

    return close_resources


@replaces("rasa.shared.core.events", "Event.resolve_by_type", "b5cf570fa7f2")
def _remember_event_classes(original: Any) -> Any:
    """Rasa walks all subclasses of Event for each event that it reads back."""
    known: dict[str, Any] = {}

    def resolve_by_type(type_name: str, default: Any = None) -> Any:
        if type_name not in known:
            found = original(type_name, default)
            if found is None or found is default:
                return found
            known[type_name] = found
        return known[type_name]

    return resolve_by_type


@replaces("rasa.engine.runner.dask", "DaskGraphRunner.run", "45f0f52f574f")
def _run_in_a_line(_original: Any) -> Any:
    """Dask schedules a graph of five nodes that run one after the other; a loop over the sorted nodes does the same."""
    from rasa.engine.exceptions import GraphRunError

    def order(schema: Any, targets: Any) -> list[tuple[str, tuple[str, ...]]]:
        nodes = schema.minimal_graph_schema(list(targets)).nodes
        sorted_nodes: dict[str, tuple[str, ...]] = {}

        def visit(name: str) -> None:
            if name in nodes and name not in sorted_nodes:
                for parent in nodes[name].needs.values():
                    visit(parent)
                sorted_nodes[name] = tuple(nodes[name].needs.values())

        for name in nodes:
            visit(name)
        return list(sorted_nodes.items())

    def run(self: Any, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        wanted = tuple(targets or self._graph_schema.target_names)
        orders = self.__dict__.setdefault("_orders", {})
        if wanted not in orders:
            orders[wanted] = order(self._graph_schema, wanted)
        results: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
        try:
            for name, needs in orders[wanted]:
                if name not in results:
                    results[name] = self._instantiated_nodes[name](*[results.get(need, need) for need in needs])
        except RuntimeError as error:
            raise GraphRunError("Error running runner.") from error
        return dict(results[name] for name in wanted)

    return run


@replaces("rasa.core.processor", "MessageProcessor._has_session_expired", "aa0e659a9cfa")
def _end_long_sessions(original: Any) -> Any:
    """A turn costs more the longer the session (7 ms at turn 10, 106 at 295): begin anew, slots are carried over."""
    from rasa.shared.core.events import SessionStarted, UserUttered

    def has_session_expired(self: Any, tracker: Any) -> bool:
        if original(self, tracker):
            return True
        if tracker.active_loop_name or tracker.is_paused():
            return False
        turns = 0
        for event in reversed(tracker.events):
            if isinstance(event, SessionStarted):
                break
            turns += isinstance(event, UserUttered)
        return turns >= TURNS_PER_SESSION

    return has_session_expired


@replaces("rasa.core.channels.rest", "RestInput._extract_message", "5182b25edf8d")
def _take_plain_text_only(original: Any) -> Any:
    """What the service already sees to, once more: no commands, no endless texts.

    "/crisis" would fire an intent and "/restart" wipe the conversation. A text of megabytes would be part of every later
    call of an action, which the action server then refuses: that conversation would never get an answer again.
    """

    def extract_message(self: Any, request: Any) -> str | None:
        text = original(self, request)
        return text.lstrip("/ \t\r\n")[:MAX_CHARACTERS] if isinstance(text, str) else None

    return extract_message


@replaces("rasa.utils.log_utils", "configure_structlog", "80c9dcfa47c7")
def _log_no_words(original: Any) -> Any:
    """Rasa's error logs carry what the resident wrote, as fields and as local variables of the traceback; drop both."""
    import rasa.__main__
    import structlog

    def drop_words(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in event.items() if key in LOGGED_FIELDS}

    def configure(log_level: int | None = None) -> None:
        original(log_level)
        with_locals, without = structlog.processors.dict_tracebacks, structlog.processors.format_exc_info
        processors = [without if item is with_locals else item for item in structlog.get_config()["processors"]]
        structlog.configure(processors=[drop_words, *processors])

    rasa.__main__.configure_structlog = configure  # imported there by name
    return configure


@replaces("rasa.utils.endpoints", "ClientResponseError.__init__", "19356f77dd9a")
def _keep_bodies_out_of_messages(original: Any) -> Any:
    """The message of this error quotes the whole reply, and ends up in the log; ``text`` still holds it."""

    def init(self: Any, status: int, message: str, text: Any) -> None:
        original(self, status, message, text)
        self.args = (f"{status}, {message}",)

    return init


# Fields of Rasa's structured log that never hold words of residents; all others are dropped.
LOGGED_FIELDS = frozenset(
    {"event", "event_info", "event_key", "exc_info", "stack_info", "level", "timestamp", "action_name", "filename"}
)
