"""Solvent keeps software that calls language models solvent: each call is paid before it is sent, booked once."""

from solvent.app import LLMService, RiskAssessmentService
from solvent.calls.reply import ChatDelta, ChatReply, CostEstimate, Embeddings
from solvent.domain.budget import Budget
from solvent.domain.money import Money
from solvent.domain.period import Period
from solvent.domain.usage import Usage
from solvent.errors import (
    BudgetBusy,
    BudgetExceeded,
    CallInvalid,
    ConfigurationError,
    LedgerError,
    ModelNotAllowed,
    ModelUnpriced,
    PricingError,
    RefusedError,
    SolventError,
    StorageError,
    UpstreamError,
)
from solvent.settings import Settings

__all__ = [
    "Budget",
    "BudgetBusy",
    "BudgetExceeded",
    "CallInvalid",
    "ChatDelta",
    "ChatReply",
    "ConfigurationError",
    "CostEstimate",
    "Embeddings",
    "LLMService",
    "LedgerError",
    "ModelNotAllowed",
    "ModelUnpriced",
    "Money",
    "Period",
    "PricingError",
    "RefusedError",
    "RiskAssessmentService",
    "Settings",
    "SolventError",
    "StorageError",
    "UpstreamError",
    "Usage",
]
