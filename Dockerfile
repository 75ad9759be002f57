# affectbench on CPUs. Not built by us yet: no Docker was at hand.
#   docker build -t affectbench .
#   docker run --rm -v "$PWD:/results" affectbench run --models minilm@mean,lexicon --suite quick
FROM python:3.11-slim
COPY . /src
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu torch==2.13.0 \
 && pip install --no-cache-dir -c /src/constraints.txt '/src[offline,figures]' \
 && rm -rf /src
# Fetched corpora and vectors stay beside the results.
ENV XDG_CACHE_HOME=/results/.cache
WORKDIR /results
ENTRYPOINT ["bench"]
