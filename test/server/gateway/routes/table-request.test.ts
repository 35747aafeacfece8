import { expect } from "chai";
import { tableRequest } from "../../../../src/server/gateway/routes/table-request.ts";

const table = "application/json;as=Table;v=v1;g=meta.k8s.io";
const older = "application/json;as=Table;v=v1beta1;g=meta.k8s.io";
const request = (accept: string, query = "") => tableRequest(accept, new URLSearchParams(query));

describe("a request for a table", () => {
  const wanting = {
    "kubectl get": `${table},${older},application/json`,
    "whoever takes nothing else": table,
    "whoever writes it with spaces, in another order": "application/json; g=meta.k8s.io; v=v1; as=Table",
    "whoever would rather have protobuf": `application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,${table}`,
  };
  for (const [who, accept] of Object.entries(wanting))
    it(`is made by ${who}, and asks for JSON alone`, () =>
      expect(request(accept)).to.deep.equal({ headers: { Accept: `${table},application/json` }, query: {} }));

  const others = {
    "whoever says nothing": "",
    "kubectl get -o json": "application/json",
    "whoever would rather have the object": `application/json,${table}`,
    "whoever knows the beta alone": `${older},application/json`,
    "whoever wants another form": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    "whoever wants another group's": "application/json;as=Table;v=v1;g=example.com",
    "whoever takes anything": "*/*",
  };
  for (const [who, accept] of Object.entries(others))
    it(`is not made by ${who}`, () => expect(request(accept)).to.equal(undefined));

  it("says how much of each object is wanted, where it is one of three", () => {
    for (const includeObject of ["None", "Metadata", "Object"])
      expect(request(table, `includeObject=${includeObject}&limit=5`)!.query).to.deep.equal({
        includeObject,
      });
    for (const query of ["includeObject=", "includeObject=All&x=1", "limit=5"])
      expect(request(table, query)!.query).to.deep.equal({});
  });
});
