"""Templates of policies: a person fills in values, and gets Cedar with the sentence that says the same in English."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from governance.domain import template_parameters as read
from governance.domain.policy import PolicyText
from governance.domain.template_parameters import WEEKDAYS, Parameter, read_parameters
from kernel.errors import Fault, InvalidValues, NotFound

_ACTIONS = read.permissions("permissions", "What it is about.", ["payment:approve"])
_ROLES = read.roles("roles", "Whom it concerns; empty: everybody.", ["staff"])
_EXCEPT = read.roles("except_roles", "Whom it does not concern.", ["admin"])
_OWN = "principal has organization && principal.organization"

_DAYS_IN_A_ROW_MIN: Final = 3
# How people read a permission: "approve a payment (payment:approve)".
Described = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Composed:
    """`when` are the Cedar conditions that together forbid, `only` is how the sentence "… may … only" goes on."""

    when: tuple[str, ...]
    only: str
    step_up_seconds: int | None = None
    # Of requests in a session alone: a planned payment was judged when it was ordered.
    is_about_requests: bool = False


@dataclass(frozen=True, slots=True)
class PolicyTemplate:
    """A form of policies. `compose` makes the condition of the values that `parameters` read."""

    name: str
    title: str
    description: str
    own_parameters: tuple[Parameter, ...]
    compose: Callable[[Mapping[str, Any]], Composed]
    # A template about the roles themselves has no others.
    has_roles: bool = True

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (_ACTIONS, *self.own_parameters, *((_ROLES, _EXCEPT) if self.has_roles else ()))

    @property
    def example(self) -> dict[str, object]:
        return {one.name: one.example for one in self.parameters if one.is_required}

    def fill(self, given: Mapping[str, object], described: Described) -> PolicyText:
        """Return the policy's text. Raise InvalidValues, which says where."""
        values = read_parameters(self.parameters, given)
        if self.has_roles and (both := sorted({*values["roles"]} & {*values["except_roles"]})):
            raise InvalidValues([Fault("parameters.except_roles", f"It is also in roles: {', '.join(both)}.")])
        composed = self.compose(values)
        conditions = ["context.interactive"] if composed.is_about_requests else []
        if self.has_roles:
            conditions += [f"principal in {_set('Role', values['roles'])}"] if len(values["roles"]) > 1 else []
            conditions += [f"!(principal in {_set('Role', values['except_roles'])})"] if values["except_roles"] else []
        conditions += composed.when
        actions, when = _set("Action", values["permissions"]), " &&\n  ".join(conditions)
        return PolicyText(
            cedar=f"forbid(principal is User{_scope(values)}, action in {actions}, resource)\nwhen {{\n  {when}\n}};",
            sentence=f"{_who(values)} may {_what(values['permissions'], described)} only {composed.only}.",
            template=self.name,
            parameters=dict(given),
            step_up_seconds=composed.step_up_seconds,
        )


def find_template(name: str) -> PolicyTemplate:
    """Raise NotFound."""
    if template := TEMPLATES.get(name):
        return template
    raise NotFound(template=name)


def _time_window(values: Mapping[str, Any]) -> Composed:
    starts, ends = values["starts"], values["ends"]
    if starts == ends:
        raise InvalidValues([Fault("parameters.ends", "Expected another time than the start.")])
    days = values["weekdays"]
    since, until = f"context.minute_of_day >= {starts}", f"context.minute_of_day < {ends}"
    if starts < ends:
        parts = [f"({since} && {until})", *_on(days)]
    else:
        # Over midnight, the days are those on which it starts.
        evening, morning = " && ".join([since, *_on(days)]), " && ".join([until, *_on([day % 7 + 1 for day in days])])
        parts = [f"({evening} || {morning})"]
    parts += ["!context.public_holiday"] if values["closed_on_holidays"] else []
    holidays = ", and not on public holidays" if values["closed_on_holidays"] else ""
    only = f"{_days(days)} from {_clock(starts)} to {_clock(ends)}, Namibian time{holidays}"
    within = " &&\n    ".join(parts)
    return Composed((f"!(\n    {within}\n  )",), only, is_about_requests=True)


def _on(days: Sequence[int]) -> Sequence[str]:
    return [f"[{', '.join(map(str, sorted(days)))}].contains(context.weekday)"] if len(days) < len(WEEKDAYS) else []


def _amount_limit(values: Mapping[str, Any]) -> Composed:
    amount, code = values["amount"], values["currency"]
    return Composed(_above(amount, code), f"up to {amount.normalize():,f} {code} in one request")


def _network_range(values: Mapping[str, Any]) -> Composed:
    inside = " || ".join(f'context.ip.isInRange(ip("{each}"))' for each in values["networks"])
    only = f"from the network{'s' if len(values['networks']) > 1 else ''} {_or(values['networks'])}"
    return Composed((f"!(context has ip && ({inside}))",), only, is_about_requests=True)


def _mfa_recent(values: Mapping[str, Any]) -> Composed:
    minutes, above, code = values["minutes"], values["above"], values["currency"]
    if (above is None) is not (code is None):
        raise InvalidValues([Fault("parameters.currency", "An amount needs a currency, and a currency an amount.")])
    when: tuple[str, ...] = (f"!(context.two_factors && context.minutes_since_sign_in < {minutes})",)
    only = f"within {minutes} minute{'s' if minutes > 1 else ''} after signing in with two factors"
    if above is not None:
        when = (*_above(above, code), *when)
        only += f", if it is more than {above.normalize():,f} {code}"
    return Composed(when, only, step_up_seconds=minutes * 60, is_about_requests=True)


def _classification(values: Mapping[str, Any]) -> Composed:
    listed = "[" + ", ".join(f'"{word}"' for word in values["classifications"]) + "]"
    when = (
        "resource has classification",
        f"{listed}.contains(resource.classification)",
        f"!(principal in {_set('Role', values['allowed_roles'])})",
    )
    return Composed(when, f"with the {_named(values['allowed_roles'])}, if it is marked {_or(values['classifications'])}")


def _organization_scope(_values: Mapping[str, Any]) -> Composed:
    when = ("resource has organization", f"!({_OWN} == resource.organization)")
    return Composed(when, "for what belongs to no organization, or to the one they act for")


def _own_resource(_values: Mapping[str, Any]) -> Composed:
    own = f"principal has id && principal.id == resource.owner || {_OWN} == resource.owner"
    return Composed(("resource has owner", f"!({own})"), "with what they own, or the organization that they act for owns")


def _above(amount: Decimal, currency: str) -> tuple[str, ...]:
    return (
        "context has currency",
        f'context.currency == "{currency}"',
        "context has amount",
        f'context.amount.greaterThan(decimal("{amount:f}"))',
    )


TEMPLATES: Final[Mapping[str, PolicyTemplate]] = {
    template.name: template
    for template in (
        PolicyTemplate(
            "time-window",
            "Time window",
            "Only at some hours of some days, in Namibian time. Planned payments are judged when they are ordered.",
            (
                read.time_of_day("starts", "From this time on.", "09:00"),
                read.time_of_day("ends", "Before this time. One before the start is on the next day.", "17:00"),
                read.weekdays("weekdays", "Starting on these days; Monday to Friday if absent."),
                read.flag("closed_on_holidays", "Whether public holidays are closed; true if absent.", default=True),
            ),
            _time_window,
        ),
        PolicyTemplate(
            "amount-limit",
            "Maximum amount",
            "At most an amount in one request, however many payments it has. Approval rules and limits add up over time.",
            (
                read.amount("amount", "The highest amount that is allowed.", "10000.00"),
                read.currency("currency", "The currency of the amount; other currencies are not limited."),
            ),
            _amount_limit,
        ),
        PolicyTemplate(
            "network-range",
            "Network range",
            "Only from some networks, by the address of the client.",
            (read.networks("networks", "Networks in CIDR notation.", ["10.20.0.0/16"]),),
            _network_range,
        ),
        PolicyTemplate(
            "mfa-recent",
            "Recent sign-in with two factors",
            "Only soon after two factors were verified. People who are refused are asked to verify them again.",
            (
                read.minutes("minutes", "How long ago at most.", 5),
                read.amount("above", "Only for larger amounts; all if absent.", "10000.00", is_required=False),
                read.currency("currency", "The currency of that amount.", is_required=False),
            ),
            _mfa_recent,
        ),
        PolicyTemplate(
            "classification",
            "Classification",
            "What is classified is for some roles alone. What has no classification is for everybody with the permission.",
            (
                read.words("classifications", "The classifications that are restricted.", ["classified"]),
                read.roles("allowed_roles", "Who may nevertheless.", ["admin"], is_required=True),
            ),
            _classification,
            has_roles=False,
        ),
        PolicyTemplate(
            "organization-scope",
            "Organization",
            "Only for what belongs to the organization that the session acts for.",
            (),
            _organization_scope,
        ),
        PolicyTemplate(
            "own-resource",
            "Own resources",
            "Only with what the person, or the organization that the session acts for, owns.",
            (),
            _own_resource,
        ),
    )
}


def _scope(values: Mapping[str, Any]) -> str:
    """Return the role of a policy about one: in the scope, where the engine finds the policies of a person by it."""
    roles = values.get("roles", ())
    return f' in Role::"{roles[0]}"' if len(roles) == 1 else ""


def _set(of: str, names: Sequence[str]) -> str:
    return "[" + ", ".join(f'{of}::"{name}"' for name in names) + "]"


def _who(values: Mapping[str, Any]) -> str:
    roles, but = values.get("roles", ()), values.get("except_roles", ())
    who = f"People with the {_named(roles)}" if roles else "Everybody"
    return f"{who}, except people with the {_named(but)}," if but else who


def _named(roles: Sequence[str]) -> str:
    return f"role{'s' if len(roles) > 1 else ''} {_or(roles)}"


def _what(permissions: Sequence[str], described: Described) -> str:
    return _or([_phrase(name, described.get(name, "")) for name in permissions])


def _phrase(name: str, description: str) -> str:
    return f"{description[0].lower()}{description[1:]} ({name})" if description else f"use {name}"


def _days(days: Sequence[int]) -> str:
    names = [WEEKDAYS[day - 1].capitalize() for day in days]
    if len(days) >= _DAYS_IN_A_ROW_MIN and days == tuple(range(days[0], days[-1] + 1)):
        return f"on {names[0]} to {names[-1]}"
    return f"on {_or(names)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _or(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
