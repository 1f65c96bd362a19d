"""Route: from the model that a caller names to the deployment that serves it, and its price today."""

from solvent.calls.records import Admitted, Plan
from solvent.domain.call import Operation
from solvent.pricing.book import PriceBook
from solvent.pricing.models import output_max
from solvent.pricing.rate import Rate
from solvent.providers.catalog import Catalog, Deployment


class Router:
    """Chooses deployments from a catalog and prices from a book."""

    def __init__(self, catalog: Catalog, book: PriceBook) -> None:
        self._catalog = catalog
        self._book = book

    def plan(self, admitted: Admitted) -> Plan:
        """Return where the call goes and what it is priced at.

        Raises:
            ModelNotAllowed: no deployment serves the model.
            CallInvalid: its dialect cannot be translated to one that the provider speaks.
            ModelUnpriced: the model has no price; nothing is sent that could not be booked.
        """
        call = admitted.call
        deployment = self._catalog.resolve(call.model)
        dialect = deployment.target(call.dialect, call.operation)
        return Plan(
            admitted=admitted,
            deployment=deployment,
            dialect=dialect,
            scopes=call.attribution.scopes(deployment.provider.name, deployment.model),
            rate=None if call.operation is Operation.COUNT else self._rate(admitted, deployment),
            output_max=output_max(deployment.provider.price_source, deployment.model),
        )

    def limit_field(self, model: str) -> str:
        """Return the name under which the provider of *model* takes an output limit in OpenAI chat.

        Raises:
            ModelNotAllowed: no deployment serves the model.
        """
        return self._catalog.resolve(model).provider.limit_field

    def _rate(self, admitted: Admitted, deployment: Deployment) -> Rate:
        return self.rate_of(
            deployment, deployment.model, admitted.call.received_us, admitted.demand.price_context
        )

    def rate_of(
        self, deployment: Deployment, model: str, at_us: int, context: tuple[tuple[str, str], ...]
    ) -> Rate:
        """Return the price of *model* at a deployment, at an instant, in a context such as a service tier.

        Raises:
            ModelUnpriced: there is none.
        """
        return self._book.rate(
            deployment.provider.price_source,
            model,
            at_us,
            context=context,
            provider=deployment.provider.name,
            deployment=deployment.name,
        )
