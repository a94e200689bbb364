import pytest
from programs import VERSIONS


@pytest.fixture(params=VERSIONS, ids=lambda version: version.name)
def version(request):
    return request.param
