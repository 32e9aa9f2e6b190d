"""Settings of the knowledge side; bot/settings.py adds its own to these. Documented in docs/settings.md (tested)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).parent.parent
SHIPPED_MODEL = Path(__file__).parent / "model"


class KnowledgeSettings(BaseSettings):
    """Read from environment variables ``YINFAWEN_…`` or the file ``.env``; the environment wins."""

    model_config = SettingsConfigDict(env_prefix="YINFAWEN_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(default=ROOT / "var", description="Folder for everything that is made at run time.")
    embedding_model: str = Field(
        default=str(SHIPPED_MODEL), min_length=1, description="Folder or name of a sentence-transformers model."
    )
    advisor_stale_days: int = Field(
        default=365,
        ge=1,
        description="Days after its last confirmation from which an advisor's entry is told to be possibly outdated.",
    )

    @property
    def model_source(self) -> str | Path:
        """A folder as a Path, anything else as a name."""
        folder = Path(self.embedding_model)
        return folder if folder.is_dir() else self.embedding_model

    @property
    def releases_dir(self) -> Path:
        """Where knowledge releases live; the file ``current`` in it names the published one."""
        return self.data_dir / "releases"

    @property
    def imported_dir(self) -> Path:
        """Where imported documents live: statute texts, proof lists, directories of advisors."""
        return self.data_dir / "imported"
