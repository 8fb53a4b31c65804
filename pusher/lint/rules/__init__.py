"""All rules, in the order of their codes. A rule that is not in this list does not run."""

from __future__ import annotations

from pusher.lint.rules.alias import AliasName
from pusher.lint.rules.any_of_several import AnyOfSeveral
from pusher.lint.rules.base import Rule
from pusher.lint.rules.binary_float import BinaryFloat
from pusher.lint.rules.cannot_follow import CannotFollow
from pusher.lint.rules.changed_identifier import ChangedIdentifier
from pusher.lint.rules.clock_or_chance import ClockOrChance
from pusher.lint.rules.constant_identity import ConstantIdentity
from pusher.lint.rules.decimals_of_currency import DecimalsOfCurrency
from pusher.lint.rules.digest_form import DigestForm
from pusher.lint.rules.distinct_hides import DistinctHides
from pusher.lint.rules.division_by_zero import DivisionByZero
from pusher.lint.rules.duplicate_column import DuplicateColumn
from pusher.lint.rules.enum_value import EnumValue
from pusher.lint.rules.epoch_fraction import EpochFraction
from pusher.lint.rules.epoch_unit import EpochUnit
from pusher.lint.rules.event_id_from_identity import EventIdFromIdentity
from pusher.lint.rules.first_match_only import FirstMatchOnly
from pusher.lint.rules.hash_of_concat import HashOfConcat
from pusher.lint.rules.hash_of_constant import HashOfConstant
from pusher.lint.rules.hash_of_hash import HashOfHash
from pusher.lint.rules.join_repeats import JoinRepeats
from pusher.lint.rules.like_backslash import LikeBackslash
from pusher.lint.rules.list_of_rows import ListOfRows
from pusher.lint.rules.local_time import LocalTime
from pusher.lint.rules.long_window import LongWindow
from pusher.lint.rules.loose_cast import LooseCast
from pusher.lint.rules.lost_offset import LostOffset
from pusher.lint.rules.missing_column import MissingColumn
from pusher.lint.rules.mixed_case import MixedCase
from pusher.lint.rules.no_consent import NoConsent
from pusher.lint.rules.no_currency import NoCurrency
from pusher.lint.rules.no_identity import NoIdentity
from pusher.lint.rules.no_window import NoWindow
from pusher.lint.rules.not_for_source import NotForSource
from pusher.lint.rules.not_understood import NotUnderstood
from pusher.lint.rules.number_as_text import NumberAsText
from pusher.lint.rules.open_division import OpenDivision
from pusher.lint.rules.other_function import OtherFunction
from pusher.lint.rules.other_syntax import OtherSyntax
from pusher.lint.rules.raw_identifier import RawIdentifier
from pusher.lint.rules.regex_options import RegexOptions
from pusher.lint.rules.regex_pattern import RegexPattern
from pusher.lint.rules.renamed_value import RenamedValue
from pusher.lint.rules.reversed_alias import ReversedAlias
from pusher.lint.rules.rounded_id import RoundedId
from pusher.lint.rules.rounding import Rounding
from pusher.lint.rules.shared_event_id import SharedEventId
from pusher.lint.rules.source_id_form import SourceIdForm
from pusher.lint.rules.sum_over_join import SumOverJoin
from pusher.lint.rules.suppression import Suppression
from pusher.lint.rules.text_of_rows import TextOfRows
from pusher.lint.rules.ties import Ties
from pusher.lint.rules.time_difference import TimeDifference
from pusher.lint.rules.time_format import TimeFormat
from pusher.lint.rules.unit_price import UnitPrice
from pusher.lint.rules.unknown_column import UnknownColumn
from pusher.lint.rules.unnormalised_hash import UnnormalisedHash
from pusher.lint.rules.unresolved_star import UnresolvedStar
from pusher.lint.rules.unsorted_list import UnsortedList
from pusher.lint.rules.unstable_event_id import UnstableEventId
from pusher.lint.rules.untagged_source import UntaggedSource
from pusher.lint.rules.weak_hash import WeakHash
from pusher.lint.rules.website_offline import WebsiteOffline
from pusher.lint.rules.written_token import WrittenToken
from pusher.lint.rules.wrong_identifier import WrongIdentifier
from pusher.lint.rules.wrong_type import WrongType
from pusher.lint.rules.zoned_time import ZonedTime

RULES: tuple[Rule, ...] = (
    Suppression(),
    UnresolvedStar(),
    NotUnderstood(),
    TextOfRows(),
    MissingColumn(),
    UnknownColumn(),
    WrongType(),
    AliasName(),
    DuplicateColumn(),
    NotForSource(),
    NoIdentity(),
    EnumValue(),
    RenamedValue(),
    ConstantIdentity(),
    SourceIdForm(),
    ReversedAlias(),
    WebsiteOffline(),
    LocalTime(),
    RoundedId(),
    ClockOrChance(),
    UnstableEventId(),
    EventIdFromIdentity(),
    Ties(),
    AnyOfSeveral(),
    UnsortedList(),
    RawIdentifier(),
    CannotFollow(),
    WeakHash(),
    UntaggedSource(),
    WrongIdentifier(),
    HashOfHash(),
    UnnormalisedHash(),
    DigestForm(),
    HashOfConstant(),
    HashOfConcat(),
    FirstMatchOnly(),
    MixedCase(),
    NoConsent(),
    WrittenToken(),
    ChangedIdentifier(),
    SharedEventId(),
    JoinRepeats(),
    DistinctHides(),
    UnitPrice(),
    DivisionByZero(),
    BinaryFloat(),
    NoCurrency(),
    DecimalsOfCurrency(),
    SumOverJoin(),
    NoWindow(),
    LongWindow(),
    EpochUnit(),
    LostOffset(),
    OtherFunction(),
    OtherSyntax(),
    RegexOptions(),
    RegexPattern(),
    LikeBackslash(),
    TimeFormat(),
    TimeDifference(),
    EpochFraction(),
    Rounding(),
    LooseCast(),
    OpenDivision(),
    ListOfRows(),
    ZonedTime(),
    NumberAsText(),
)

__all__ = ["RULES", "Rule"]
