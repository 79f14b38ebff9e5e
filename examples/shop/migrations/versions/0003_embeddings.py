"""Product vectors with an index for cosine distance."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector

revision = "0003_embeddings"
down_revision = "0002_reviews"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the vector extension, the table of vectors and its HNSW index."""
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.create_table(
        "product_embeddings",
        sa.Column(
            "product_id",
            sa.BigInteger,
            sa.ForeignKey("products.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("embedder", sa.String, nullable=False),
        sa.Column("vector", Vector(96), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    op.create_index(
        "ix_product_embeddings_vector",
        "product_embeddings",
        ["vector"],
        postgresql_using="hnsw",
        postgresql_with={"m": 16, "ef_construction": 64},
        postgresql_ops={"vector": "vector_cosine_ops"},
    )


def downgrade() -> None:
    """Drop the vectors; the extension stays, for it may have been there before."""
    op.drop_table("product_embeddings")
